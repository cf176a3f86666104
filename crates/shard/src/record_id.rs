//! The identity of a record: stable for a given shard content, path and row.

/// 128 bits of blake3 over (`<path>`, blake3 of the shard's stored bytes, row).
///
/// The hashed bytes are the path in UTF-8, one zero byte, the 32 bytes of the shard's blake3 digest, and the row as
/// eight little-endian bytes. An auditor who has the input can recompute it with any blake3 implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; 16]);

impl RecordId {
    /// The 32 lower-case hex digits written to every artefact, without an allocation.
    pub fn hex(&self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0u8; 32];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text
    }

    /// Reads 32 hex digits back.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return None;
        }
        let mut id = [0u8; 16];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = (high << 4 | low) as u8;
        }
        Some(Self(id))
    }
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.hex().iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

/// Makes the ids of one shard; the prefix is hashed once.
#[derive(Clone)]
pub struct RecordIds(blake3::Hasher);

impl RecordIds {
    /// `path` is the shard's `<path>`, `digest` the blake3 digest of its stored bytes in hex.
    pub fn new(path: &str, digest: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(path.as_bytes()).update(&[0]);
        match blake3::Hash::from_hex(digest) {
            Ok(hash) => hasher.update(hash.as_bytes()),
            Err(_) => hasher.update(digest.as_bytes()),
        };
        Self(hasher)
    }

    /// The id of a row (0-based).
    pub fn row(&self, row: u64) -> RecordId {
        let mut hasher = self.0.clone();
        hasher.update(&row.to_le_bytes());
        let mut id = [0u8; 16];
        hasher.finalize_xof().fill(&mut id);
        RecordId(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_the_documented_hash_and_reads_back() {
        let digest = blake3::hash(b"stored bytes");
        let id = RecordIds::new("a/x.jsonl", digest.to_hex().as_str()).row(7);
        let mut bytes = b"a/x.jsonl\0".to_vec();
        bytes.extend_from_slice(digest.as_bytes());
        bytes.extend_from_slice(&7u64.to_le_bytes());
        assert_eq!(id.to_string(), blake3::hash(&bytes).to_hex().as_str()[..32]);
        assert_eq!(RecordId::parse(&id.to_string()), Some(id));
        assert_eq!(RecordId::parse("12"), None);
    }
}
