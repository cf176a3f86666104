//! Invented values that stand in place of personal information.

use tamis_rules::PiiKind;

/// Keeps these keys apart from any other use of the same file.
const KEY_CONTEXT: &str = "tamis 2026 pseudonyms of personal information";
const ID_CONTEXT: &str = "tamis 2026 id of a pseudonym key";

/// Invents a value for each value, the same for the same under one key. Without the key nobody can tell whose it is.
#[derive(Clone)]
pub struct Pseudonymizer {
    key: [u8; 32],
    id: String,
}

impl std::fmt::Debug for Pseudonymizer {
    /// Tells the key's id alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonymizer").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Pseudonymizer {
    /// With a secret key of any length; 32 random bytes are right.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        let id = blake3::Hash::from_bytes(blake3::derive_key(ID_CONTEXT, key)).to_hex();
        Self { key: blake3::derive_key(KEY_CONTEXT, key), id: id[..32].to_string() }
    }

    /// 32 hex digits by which two keys are told apart, and that tell nothing of the key.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.id.clone()
    }

    /// Appends the pseudonym of a value: digits for digits, letters for letters, the rest as it is.
    pub fn pseudonym(&self, kind: PiiKind, original: &str, out: &mut String) {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(kind.name().as_bytes()).update(&[0]).update(original.as_bytes());
        let mut stream = hasher.finalize_xof();
        for c in original.chars() {
            let mut byte = [0];
            stream.fill(&mut byte);
            out.push(match c {
                '0'..='9' => char::from(b'0' + byte[0] % 10),
                'A'..='Z' => char::from(b'A' + byte[0] % 26),
                c if c.is_alphanumeric() => char::from(b'a' + byte[0] % 26),
                c => c,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_gives_one_pseudonym_and_its_id_is_no_part_of_it() {
        let of = |key: &[u8], kind| {
            let mut out = String::new();
            Pseudonymizer::new(key).pseudonym(kind, "Bob.7@example.com", &mut out);
            out
        };
        let (first, again) = (of(b"k", PiiKind::Email), of(b"k", PiiKind::Email));
        assert_eq!(first, again);
        assert!(first != "Bob.7@example.com" && first.contains('@') && first.len() == 17, "{first}");
        assert_ne!(first, of(b"l", PiiKind::Email));
        assert_ne!(first, of(b"k", PiiKind::Wechat));
        let key = Pseudonymizer::new(b"a secret of bytes");
        assert_eq!(key.key_id().len(), 32);
        assert!(!format!("{key:?}").contains("secret"));
        assert_ne!(key.key_id(), Pseudonymizer::new(b"a secret of bytez").key_id());
    }
}
