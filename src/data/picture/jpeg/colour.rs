//! What the components of a picture mean, as libjpeg has it (`default_decompress_parms`), and how
//! that is told to a decoder that has it otherwise.

use super::frame::Component;

/// What says which colours a picture has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Whether it is a JFIF file.
    pub jfif: bool,
    /// The transform of Adobe's segment.
    pub adobe: Option<u8>,
}

/// Component names that mean red, green and blue.
pub const RGB: [u8; 3] = *b"RGB";

impl Signs {
    /// The transform that Adobe's segment would have to name: 0 none, 1 YCbCr, 2 YCCK; nothing
    /// for grey.
    pub fn transform(self, components: &[Component]) -> Option<u8> {
        let ids: Vec<u8> = components.iter().map(|component| component.id).collect();
        match (ids.len(), self.jfif, self.adobe) {
            (3, true, _) => Some(1),
            (3, false, Some(0)) => Some(0),
            (3, false, Some(_)) => Some(1),
            (3, false, None) => Some(if ids == RGB { 0 } else { 1 }),
            (4, _, Some(0) | None) => Some(0),
            (4, _, Some(_)) => Some(2),
            _ => None,
        }
    }
}

/// The transform in Adobe's segment, if it is one.
pub fn adobe(segment: &[u8]) -> Option<u8> {
    let rest = segment.strip_prefix(b"Adobe")?;
    rest.get(6).copied()
}

/// A segment of Adobe's that names a transform, with its marker.
pub fn segment(transform: u8) -> Vec<u8> {
    [b"\xff\xee\0\x0eAdobe\0d\0\0\0\0".as_slice(), &[transform]].concat()
}
