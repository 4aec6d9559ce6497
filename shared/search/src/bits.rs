//! Writing and reading single bits and unary numbers.

/// Writes bits, the lowest of each byte first.
#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    used: u32,
}

/// Reads bits that a [`BitWriter`] wrote.
pub(crate) struct BitReader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl BitWriter {
    pub(crate) fn put(&mut self, value: u32, width: u32) {
        for position in 0..width {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= (((value >> position) & 1) as u8) << (self.used % 8);
            }
            self.used += 1;
        }
    }

    /// `value` ones and a zero.
    pub(crate) fn put_unary(&mut self, value: u32) {
        (0..value).for_each(|_| self.put(1, 1));
        self.put(0, 1);
    }

    /// Rice's code: `value >> width` in unary, then the lowest bits (Rice 1979, "Some practical universal noiseless coding
    /// techniques").
    pub(crate) fn put_rice(&mut self, value: u32, width: u32) {
        self.put_unary(value >> width);
        self.put(value, width);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<'b> BitReader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits; `None` past the end.
    pub(crate) fn take(&mut self, width: u32) -> Option<u32> {
        let mut value = 0;
        for position in 0..width {
            let byte = self.bytes.get(self.at / 8)?;
            value |= u32::from((byte >> (self.at % 8)) & 1) << position;
            self.at += 1;
        }
        Some(value)
    }

    /// What [`BitWriter::put_unary`] wrote, up to `most`.
    pub(crate) fn take_unary(&mut self, most: u32) -> Option<u32> {
        let mut value = 0;
        while self.take(1)? == 1 {
            value += 1;
            if value > most {
                return None;
            }
        }
        Some(value)
    }

    /// What [`BitWriter::put_rice`] wrote, if its unary part is up to `most`.
    pub(crate) fn take_rice(&mut self, width: u32, most: u32) -> Option<u32> {
        Some((self.take_unary(most)? << width) | self.take(width)?)
    }
}
