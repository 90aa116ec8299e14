//! What mounted servers say of their resources, as clients know them: links and embedded resources in results carry
//! the URIs by which they can be read.

use rmcp::model::{ContentBlock, ResourceContents};

use crate::provider::Component;
use crate::provider::catalogue::Offered;

impl<T: Component> Offered<T> {
    /// Rewrites links and embedded resources in the result of a mounted component. Text is left alone.
    pub(super) fn outward_contents(&self, contents: &mut [ContentBlock]) {
        if self.route().is_none() {
            return;
        }
        for content in contents {
            match content {
                ContentBlock::ResourceLink(link) => self.outward_uri(&mut link.uri),
                ContentBlock::Resource(embedded) => self.outward_content(&mut embedded.resource),
                _ => {}
            }
        }
    }

    /// Rewrites the URI of contents a mounted component names itself.
    pub(super) fn outward_content(&self, contents: &mut ResourceContents) {
        match contents {
            ResourceContents::TextResourceContents { uri, .. }
            | ResourceContents::BlobResourceContents { uri, .. } => self.outward_uri(uri),
            _ => {}
        }
    }

    fn outward_uri(&self, uri: &mut String) {
        if let Some(outward) = self.outward(uri) {
            *uri = outward;
        }
    }
}
