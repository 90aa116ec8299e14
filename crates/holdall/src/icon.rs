//! Icons of components.

use rmcp::model::IconTheme;

use crate::protocol;

/// A picture a client may show beside a name.
///
/// ```
/// use holdall::prelude::*;
/// use holdall::Icon;
///
/// let search = Tool::new("search")
///     .icon("https://example.com/search.png")
///     .icon(Icon::new("https://example.com/night.svg").mime_type("image/svg+xml").size("any").dark())
///     .handler(async |_| Ok("found"));
/// # Server::new("library").add(search).build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// Clients show PNG and JPEG, and many also SVG and WebP.
#[derive(Clone, Debug)]
pub struct Icon {
    source: String,
    mime_type: Option<String>,
    sizes: Vec<String>,
    theme: Option<IconTheme>,
}

impl Icon {
    /// An icon at an `https:` URL, or within a `data:` URI.
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            mime_type: None,
            sizes: Vec::new(),
            theme: None,
        }
    }

    /// Its MIME type, if what the server of the URL says is missing or too general.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Adds a size it is good for, in pixels: `48x48`, or `any` for what scales. Default: any.
    pub fn size(mut self, size: impl Into<String>) -> Self {
        self.sizes.push(size.into());
        self
    }

    /// For light backgrounds. Default: for all.
    pub fn light(mut self) -> Self {
        self.theme = Some(IconTheme::Light);
        self
    }

    /// For dark backgrounds. Default: for all.
    pub fn dark(mut self) -> Self {
        self.theme = Some(IconTheme::Dark);
        self
    }

    /// What clients would refuse.
    pub(crate) fn problems(&self) -> Vec<String> {
        let source = &self.source;
        let mut problems = Vec::new();
        if !["https:", "http:", "data:"]
            .iter()
            .any(|scheme| source.starts_with(scheme))
        {
            problems.push(format!(
                "the icon `{source}` is neither an `https:` URL nor a `data:` URI"
            ));
        }
        for size in self.sizes.iter().filter(|size| !is_size(size)) {
            problems.push(format!(
                "the size `{size}` of the icon `{source}` is neither like `48x48` nor `any`"
            ));
        }
        problems
    }
}

fn is_size(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text == "any"
        || text
            .split_once('x')
            .is_some_and(|(width, height)| is_number(width) && is_number(height))
}

impl<T: Into<String>> From<T> for Icon {
    fn from(source: T) -> Self {
        Self::new(source)
    }
}

impl From<Icon> for protocol::Icon {
    fn from(icon: Icon) -> Self {
        let mut converted = Self::new(icon.source);
        converted.mime_type = icon.mime_type;
        converted.sizes = (!icon.sizes.is_empty()).then_some(icon.sizes);
        converted.theme = icon.theme;
        converted
    }
}
