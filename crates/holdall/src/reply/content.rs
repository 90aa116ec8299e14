//! One piece of a reply.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{
    Annotations, AudioContent, ContentBlock, ImageContent, MetaObject, Resource, ResourceContents, Role,
};
use serde::Serialize;
use serde_json::Value;

use crate::icon::Icon;

/// One piece of a reply, with hints for the client: who it is for, how much it matters, how fresh it is.
///
/// ```
/// use holdall::prelude::*;
///
/// /// Draw a chart of the sales.
/// #[tool(read_only)]
/// fn chart() -> (Content, Content) {
///     let picture = Content::new(Image::png([0x89, 0x50])).for_user().priority(1.0);
///     let numbers = Content::new("May: 12, June: 15").for_assistant().priority(0.5);
///     (picture, numbers)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Content {
    block: ContentBlock,
    hints: Annotations,
    meta: MetaObject,
}

impl Content {
    /// A piece without hints: from text, an [`Image`], [`Audio`], an [`Embedded`] resource or a [`Link`].
    pub fn new(content: impl IntoContent) -> Self {
        content.into_content()
    }

    /// Meant for the user. Default: nobody is named, and clients choose.
    pub fn for_user(self) -> Self {
        self.for_role(Role::User)
    }

    /// Meant for the assistant. Default: nobody is named, and clients choose.
    pub fn for_assistant(self) -> Self {
        self.for_role(Role::Assistant)
    }

    /// How much it matters, from 0 (could be left out) to 1 (needed); what lies outside is moved to the nearer end.
    pub fn priority(mut self, priority: f32) -> Self {
        self.hints.priority = Some(if priority.is_nan() {
            0.0
        } else {
            priority.clamp(0.0, 1.0)
        });
        self
    }

    /// When it last changed, in ISO 8601: `2026-01-31T12:30:00Z`.
    pub fn last_modified(mut self, time: impl Into<String>) -> Self {
        self.hints.last_modified = Some(time.into());
        self
    }

    /// Adds an entry of its `_meta`, where extensions of the protocol look.
    pub fn meta(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.meta.insert(key.into(), value);
        self
    }

    pub(crate) fn into_block(self) -> ContentBlock {
        let mut block = self.block;
        let hints = (self.hints != Annotations::default()).then_some(self.hints);
        let meta = (!self.meta.is_empty()).then_some(self.meta);
        let (own_hints, own_meta) = match &mut block {
            ContentBlock::Text(text) => (&mut text.annotations, &mut text.meta),
            ContentBlock::Image(image) => (&mut image.annotations, &mut image.meta),
            ContentBlock::Audio(audio) => (&mut audio.annotations, &mut audio.meta),
            ContentBlock::Resource(embedded) => (&mut embedded.annotations, &mut embedded.meta),
            ContentBlock::ResourceLink(link) => (&mut link.annotations, &mut link.meta),
            // A kind of content that is newer than this list.
            _ => return block,
        };
        // A block made by hand keeps what it has.
        if hints.is_some() {
            *own_hints = hints;
        }
        if meta.is_some() {
            *own_meta = meta;
        }
        block
    }

    fn for_role(mut self, role: Role) -> Self {
        let audience = self.hints.audience.get_or_insert_default();
        if !audience.contains(&role) {
            audience.push(role);
        }
        self
    }
}

/// An image.
#[derive(Clone, Debug)]
pub struct Image {
    /// The bytes of the image file.
    pub data: Vec<u8>,
    /// Its MIME type, such as `image/png`.
    pub mime_type: String,
}

impl Image {
    /// An image of any type.
    pub fn new(data: impl Into<Vec<u8>>, mime_type: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            mime_type: mime_type.into(),
        }
    }

    /// A PNG image.
    pub fn png(data: impl Into<Vec<u8>>) -> Self {
        Self::new(data, "image/png")
    }

    /// A JPEG image.
    pub fn jpeg(data: impl Into<Vec<u8>>) -> Self {
        Self::new(data, "image/jpeg")
    }
}

/// Sound.
#[derive(Clone, Debug)]
pub struct Audio {
    /// The bytes of the audio file.
    pub data: Vec<u8>,
    /// Its MIME type, such as `audio/wav`.
    pub mime_type: String,
}

impl Audio {
    /// Sound of any type.
    pub fn new(data: impl Into<Vec<u8>>, mime_type: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            mime_type: mime_type.into(),
        }
    }

    /// A WAV file.
    pub fn wav(data: impl Into<Vec<u8>>) -> Self {
        Self::new(data, "audio/wav")
    }

    /// An MP3 file.
    pub fn mp3(data: impl Into<Vec<u8>>) -> Self {
        Self::new(data, "audio/mpeg")
    }
}

/// The contents of a resource within a reply, so that nobody has to read it separately.
///
/// Also what a resource returns that has several contents, each at a URI of its own.
#[derive(Clone, Debug)]
pub struct Embedded(ResourceContents);

impl Embedded {
    /// Text at a URI. Default MIME type: `text/plain`.
    pub fn text(uri: impl Into<String>, text: impl Into<String>) -> Self {
        Self(ResourceContents::text(text, uri))
    }

    /// Bytes at a URI. Default MIME type: `application/octet-stream`.
    pub fn blob(uri: impl Into<String>, data: impl AsRef<[u8]>) -> Self {
        Self(ResourceContents::blob(STANDARD.encode(data), uri)).mime_type("application/octet-stream")
    }

    /// The MIME type.
    pub fn mime_type(self, mime_type: impl Into<String>) -> Self {
        Self(self.0.with_mime_type(mime_type))
    }

    pub(crate) fn into_contents(self) -> ResourceContents {
        self.0
    }
}

/// A link to a resource the client may read if it wants to.
#[derive(Clone, Debug)]
pub struct Link(Resource);

impl Link {
    /// A link to a URI, under a name.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self(Resource::new(uri, name))
    }

    /// The name people see.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.0.title = Some(title.into());
        self
    }

    /// What is there.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.0.description = Some(text.into());
        self
    }

    /// The MIME type of what is there.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.0.mime_type = Some(mime_type.into());
        self
    }

    /// The size of what is there, in bytes.
    pub fn size(mut self, bytes: u64) -> Self {
        self.0.size = Some(bytes);
        self
    }

    /// Adds an icon.
    pub fn icon(mut self, icon: impl Into<Icon>) -> Self {
        self.0.icons.get_or_insert_default().push(icon.into().into());
        self
    }
}

/// What can be a piece of a reply.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a piece of a reply",
    label = "not a content",
    note = "use text, `Image`, `Audio`, `Embedded`, `Link`, or a `Content` made of one of these; data goes into `Json<T>`, returned alone"
)]
pub trait IntoContent {
    /// The piece.
    fn into_content(self) -> Content;
}

macro_rules! content {
    ($($type:ty: $value:ident => $block:expr),* $(,)?) => {$(
        impl IntoContent for $type {
            fn into_content(self) -> Content {
                let $value = self;
                Content {
                    block: $block,
                    hints: Annotations::default(),
                    meta: MetaObject::default(),
                }
            }
        }
    )*};
}

content! {
    String: text => ContentBlock::text(text),
    &String: text => ContentBlock::text(text),
    &str: text => ContentBlock::text(text),
    Cow<'_, str>: text => ContentBlock::text(text),
    Box<str>: text => ContentBlock::text(text),
    Image: image => ContentBlock::Image(ImageContent::new(STANDARD.encode(image.data), image.mime_type)),
    Audio: audio => ContentBlock::Audio(AudioContent::new(STANDARD.encode(audio.data), audio.mime_type)),
    Embedded: embedded => ContentBlock::resource(embedded.0),
    Link: link => ContentBlock::resource_link(link.0),
    ContentBlock: block => block,
    ResourceContents: contents => ContentBlock::resource(contents),
    Resource: link => ContentBlock::resource_link(link),
}

impl IntoContent for Content {
    fn into_content(self) -> Content {
        self
    }
}
