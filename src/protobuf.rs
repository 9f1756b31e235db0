//! Protobuf messages, written only: as much of the encoding as event files and ONNX need.

/// A message being written.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl From<Vec<u8>> for Message {
    /// Of fields that are encoded already.
    fn from(fields: Vec<u8>) -> Self {
        Self(fields)
    }
}

impl Message {
    /// Its encoding.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// An integer, a truth or a choice.
    pub fn int(mut self, field: u32, value: u64) -> Self {
        self.tag(field, 0);
        self.varint(value);
        self
    }

    /// A double.
    pub fn double(mut self, field: u32, value: f64) -> Self {
        self.tag(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A float.
    pub fn float(mut self, field: u32, value: f32) -> Self {
        self.tag(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes or text.
    pub fn bytes(mut self, field: u32, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        self.tag(field, 2);
        self.varint(content.len() as u64);
        self.0.extend(content);
        self
    }

    /// A message inside.
    pub fn message(self, field: u32, content: Message) -> Self {
        self.bytes(field, content.0)
    }

    fn tag(&mut self, field: u32, wire: u64) {
        self.varint(u64::from(field) << 3 | wire);
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_encodings_description() {
        let bytes = |message: Message| message.into_bytes();
        assert_eq!(bytes(Message::default().int(1, 150)), [0x08, 0x96, 0x01]);
        assert_eq!(bytes(Message::default().bytes(2, "testing")), *b"\x12\x07testing");
        let inner = Message::default().int(1, 150);
        assert_eq!(bytes(Message::default().message(3, inner)), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(bytes(Message::default().float(20, 1.0)), [0xa5, 0x01, 0, 0, 0x80, 0x3f]);
    }
}
