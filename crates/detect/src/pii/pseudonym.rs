//! Invented values that stand in place of personal information.
//!
//! A pseudonym is made from the key, the kind and the value alone, so that one value has one pseudonym in every shard
//! and every run. What is mere layout is no part of the value: full-width forms, separators, brackets, the case of
//! letters where it means nothing, and the country code of a Chinese mobile number; the pseudonym is written in the
//! layout of the value that it stands for. It is of the value's format and given to nobody: each kind leaves a space
//! free, and the scanners report nothing of it.
//!
//! | kind | pseudonym | left free by |
//! |---|---|---|
//! | `phone`, Chinese mobile | network number 10x or 110 to 118 | numbering plan of the MIIT: mobile networks have 13x to 19x |
//! | `phone`, North American | area code 1xx; 000 where only the digits' number tells the plan | NANP: area codes begin with 2 to 9 |
//! | `phone`, other | 000 behind the country code, which stays | ITU-T E.164: 0 and 00 are prefixes and in no number |
//! | `landline` | area code 00 or 00x, subscriber from 2 to 8 on | numbering plan of the MIIT: area codes begin with 1 to 9 |
//! | `id_card` | region 000xxx, date of birth of 18xx, right check character | GB/T 2260: provinces begin with 11; GB 11643 is of 1999 |
//! | `passport`, `driver_license` | `O` for the first letter, 000 for the first digits | ICAO Doc 9303: no letter O in document numbers |
//! | `social_security` | area 000 | SSA, POMS RM 10201.035: never given out |
//! | `bank_card`, `credit_card` | 000 behind the first digit (62 for UnionPay), check digit off by five | ISO/IEC 7812-1, annex B |
//! | `iban` | check digits 00; the country stays | ISO 13616-1: check digits are 02 to 98 |
//! | `imei` | 000 first, check digit off by a keyed 1 to 9 | GSMA TS.06: reporting body 00 is for tests; 3GPP TS 23.003, annex B |
//! | `uscc` | region 00xxxx, wrong check character; registrar and category stay | GB/T 2260; GB 32100-2015 |
//! | `ip` | 240.0.0.0/4; 4000::/3 | RFC 1112, 4: reserved; IANA: unassigned |
//! | `mac` | 00-00-5E | RFC 9542: IANA's block, of no device |
//! | `plate` | letter I behind the province | GA 36-2018: no letter I |
//! | `email` | letters for all letters and digits of the local part, a label under `.invalid` | RFC 2606: never registered |
//! | `dob` | year 18xx | no living person |
//! | `wechat` | nought for the first letter | rules of the service: names begin with a letter |
//! | `qq` | 00 first | numbers begin with 1 to 9 |
//! | `url_credential` | `user:redacted-` and 16 hex digits | a password that says it is none |
//!
//! All other digits and letters are drawn. Their number bounds how many values can have pseudonyms of their own: a
//! thousand for a QQ number of five digits, 1.9 thousand million for Chinese mobile numbers. Two values may share one.

mod addresses;
mod codes;
mod dates;
mod draw;
mod layout;
mod phones;

use tamis_rules::PiiKind;

use super::placeholder;
use draw::{Draw, Secret};
use layout::Layout;

/// Keeps these keys apart from any other use of the same file.
const KEY_CONTEXT: &str = "tamis 2026 pseudonyms of personal information";
const ID_CONTEXT: &str = "tamis 2026 id of a pseudonym key";

/// Invents a value for each value, the same for the same under one key. Without the key nobody can tell whose it is.
#[derive(Clone)]
pub struct Pseudonymizer {
    secret: Secret,
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
        Self { secret: Secret::new(blake3::derive_key(KEY_CONTEXT, key)), id: id[..32].to_string() }
    }

    /// 32 hex digits by which two keys are told apart, and that tell nothing of the key.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.id.clone()
    }

    /// Appends the pseudonym of a value, in the value's layout.
    ///
    /// What is no value of the kind gets something of the same shape. The pseudonym is never the value, and has no six
    /// digits in a row with it in common; where no such pseudonym is drawn in a few attempts, it is the kind's placeholder.
    pub fn pseudonym(&self, kind: PiiKind, original: &str, out: &mut String) {
        /// One attempt in some hundred thousand shares six digits with a long number.
        const ATTEMPTS: u8 = 8;
        let layout = Layout::read(original);
        let runs = digit_runs(&layout);
        let start = out.len();
        for attempt in 0..ATTEMPTS {
            Value { layout: &layout, kind, attempt, secret: &self.secret }.write(out);
            let made = &out[start..];
            if made != original && !shares_run(&runs, &Layout::read(made)) {
                return;
            }
            out.truncate(start);
        }
        let word = placeholder(kind);
        out.push_str(if word == original { "[REDACTED]" } else { word });
    }
}

/// Digits in a row that tell whose a number is.
const RUN: usize = 6;

/// Six digits in a row each, in order; separators and the nought of `(0)` aside.
fn digit_runs(layout: &Layout) -> Vec<Vec<u8>> {
    let mut places = layout.places(|c| c.is_ascii_digit());
    places.retain(|place| !layout.is_trunk_nought(*place));
    let digits = layout.capitals(&places);
    let mut runs: Vec<_> = digits.windows(RUN).map(<[u8]>::to_vec).collect();
    runs.sort_unstable();
    runs
}

fn shares_run(runs: &[Vec<u8>], made: &Layout) -> bool {
    !runs.is_empty() && digit_runs(made).iter().any(|run| runs.binary_search(run).is_ok())
}

/// A value for which another is to be written.
struct Value<'a> {
    layout: &'a Layout,
    kind: PiiKind,
    attempt: u8,
    secret: &'a Secret,
}

impl Value<'_> {
    /// Figures for the value, which is what is left of it without its layout.
    fn draw(&self, canonical: &[u8]) -> Draw {
        self.secret.draw(self.kind, self.attempt, canonical)
    }

    fn write(&self, out: &mut String) {
        let write = match self.kind {
            PiiKind::Phone => phones::phone,
            PiiKind::Landline => phones::landline,
            PiiKind::IdCard => codes::id_card,
            PiiKind::Passport | PiiKind::DriverLicense => codes::document,
            PiiKind::SocialSecurity => codes::social_security,
            PiiKind::BankCard | PiiKind::CreditCard => codes::card,
            PiiKind::Iban => codes::iban,
            PiiKind::Imei => codes::imei,
            PiiKind::Uscc => codes::uscc,
            PiiKind::Plate => codes::plate,
            PiiKind::Qq => codes::qq,
            PiiKind::Mac => addresses::mac,
            PiiKind::Ip => addresses::ip,
            PiiKind::Email => addresses::email,
            PiiKind::Wechat => addresses::wechat,
            PiiKind::UrlCredential => addresses::url_credential,
            PiiKind::Dob => dates::dob,
            PiiKind::Name | PiiKind::Address => |_: &Value<'_>, _: &mut String| None,
        };
        if write(self, out).is_none() {
            let canonical = self.layout.text().to_lowercase();
            self.layout.write_any(&mut self.draw(canonical.as_bytes()), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(key: &[u8], kind: PiiKind, original: &str) -> String {
        let mut out = String::new();
        Pseudonymizer::new(key).pseudonym(kind, original, &mut out);
        out
    }

    #[test]
    fn a_key_tells_nothing_of_itself() {
        let key = Pseudonymizer::new(b"a secret of bytes");
        assert_eq!(key.key_id().len(), 32);
        assert!(!format!("{key:?}").contains("secret"));
        assert_ne!(key.key_id(), Pseudonymizer::new(b"a secret of bytez").key_id());
        assert_ne!(of(b"k", PiiKind::Qq, "123456789"), of(b"l", PiiKind::Qq, "123456789"));
    }

    #[test]
    fn placeholders_and_nothing_have_pseudonyms_too() {
        for kind in PiiKind::ALL {
            let made = of(b"k", kind, "");
            assert_eq!(made, placeholder(kind));
            for original in [placeholder(kind), "[REDACTED]", "-", "\u{3000}", "０", "+", "@", ":@", "000", "İ", "é@"]
            {
                let made = of(b"k", kind, original);
                assert!(!made.is_empty() && made != original, "{original}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_pseudonym_that_is_another(
            original in "(?s)[0-9０-９a-zA-Z@.:：+()\\[\\] 京年月日转ｘé-]{0,40}|.{0,20}|[0-9]{1,40}|[0-9 +()-]{5,20}",
        ) {
            for kind in PiiKind::ALL {
                let made = of(b"k", kind, &original);
                prop_assert!(!made.is_empty() && made != original);
                prop_assert_eq!(&made, &of(b"k", kind, &original));
                prop_assert!(!shares_run(&digit_runs(&Layout::read(&original)), &Layout::read(&made)));
            }
        }
    }
}
