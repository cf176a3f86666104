use serde::Deserialize;

use crate::RulesError;
use crate::bit_set::bit_set;
use crate::error::{Location, from_toml, nearest};

/// A kind of personal information (4.2.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum PiiKind {
    /// Name of a person.
    Name,
    /// Postal address.
    Address,
    /// E-mail address.
    Email,
    /// Mobile telephone number.
    Phone,
    /// Fixed telephone number.
    Landline,
    /// Number of a resident identity card.
    IdCard,
    /// Passport number.
    Passport,
    /// Number of a driving licence.
    DriverLicense,
    /// Social-security number.
    SocialSecurity,
    /// Number of a bank card.
    BankCard,
    /// Number of a credit card.
    CreditCard,
    /// International bank account number.
    Iban,
    /// Internet address.
    Ip,
    /// Hardware address of a network interface.
    Mac,
    /// Number of a mobile device.
    Imei,
    /// Number plate of a vehicle.
    Plate,
    /// Unified social credit code of an organisation or sole trader.
    Uscc,
    /// Date of birth.
    Dob,
    /// WeChat name.
    Wechat,
    /// QQ number.
    Qq,
    /// User name and password in a URL.
    UrlCredential,
}

const KINDS: [(PiiKind, &str); 21] = [
    (PiiKind::Name, "name"),
    (PiiKind::Address, "address"),
    (PiiKind::Email, "email"),
    (PiiKind::Phone, "phone"),
    (PiiKind::Landline, "landline"),
    (PiiKind::IdCard, "id_card"),
    (PiiKind::Passport, "passport"),
    (PiiKind::DriverLicense, "driver_license"),
    (PiiKind::SocialSecurity, "social_security"),
    (PiiKind::BankCard, "bank_card"),
    (PiiKind::CreditCard, "credit_card"),
    (PiiKind::Iban, "iban"),
    (PiiKind::Ip, "ip"),
    (PiiKind::Mac, "mac"),
    (PiiKind::Imei, "imei"),
    (PiiKind::Plate, "plate"),
    (PiiKind::Uscc, "uscc"),
    (PiiKind::Dob, "dob"),
    (PiiKind::Wechat, "wechat"),
    (PiiKind::Qq, "qq"),
    (PiiKind::UrlCredential, "url_credential"),
];

impl PiiKind {
    /// Every kind, in the order of all lists of kinds.
    pub const ALL: [Self; KINDS.len()] = {
        let mut all = [Self::Name; KINDS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = KINDS[at].0;
            at += 1;
        }
        all
    };

    /// Name in files and configs, such as `id_card`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        KINDS[self as usize].1
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// Position in [`ALL`](Self::ALL).
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A set of kinds of personal information.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub struct PiiSet(u32);

bit_set!(PiiSet of PiiKind, bits: u32, known: (1u32 << KINDS.len()) - 1, at: |at: u32| PiiKind::ALL[at as usize]);

impl PiiSet {
    /// Names of the members, in order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(PiiKind::name)
    }
}

/// Which kinds of personal information are sensitive, by one law or standard (4.2.3 b).
///
/// A profile sorts kinds into personal and sensitive; it never switches the detection of a kind off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PiiProfile {
    name: String,
    title: String,
    sensitive: PiiSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Vec<ProfileTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileTable {
    name: String,
    title: String,
    sensitive: Vec<toml::Spanned<String>>,
}

const BUILTIN: &str = include_str!("../taxonomies/pii_profiles.toml");

impl PiiProfile {
    /// A profile that is part of the program: `pipl` or `gbt35273`.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let profiles = Self::parse_all(BUILTIN, "builtin:pii_profiles").ok()?;
        profiles.into_iter().find(|profile| profile.name == name)
    }

    /// Names of the profiles that are part of the program.
    #[must_use]
    pub fn builtin_names() -> Vec<String> {
        let profiles = Self::parse_all(BUILTIN, "builtin:pii_profiles").unwrap_or_default();
        profiles.into_iter().map(|profile| profile.name).collect()
    }

    /// Reads a file of profiles. `origin` is the file's name, for messages.
    ///
    /// # Errors
    /// The file is no TOML, has an unknown or missing key, or names an unknown kind.
    pub fn parse_all(toml: &str, origin: &str) -> Result<Vec<Self>, RulesError> {
        let file: File = from_toml(toml, origin)?;
        file.profile.into_iter().map(|table| Self::from_table(table, toml, origin)).collect()
    }

    fn from_table(table: ProfileTable, text: &str, origin: &str) -> Result<Self, RulesError> {
        let mut sensitive = PiiSet::EMPTY;
        for name in &table.sensitive {
            let Some(kind) = PiiKind::parse(name.get_ref()) else {
                return Err(RulesError::UnknownPii {
                    at: Location::in_text(origin, text, name.span().start),
                    got: name.get_ref().clone(),
                    nearest: nearest(name.get_ref(), KINDS.iter().map(|(_, known)| *known)),
                });
            };
            sensitive.insert(kind);
        }
        Ok(Self { name: table.name, title: table.title, sensitive })
    }

    /// Short name, such as `pipl`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The law or standard.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether this kind is sensitive; every kind is personal.
    #[must_use]
    pub fn is_sensitive(&self, kind: PiiKind) -> bool {
        self.sensitive.contains(kind)
    }

    /// The sensitive kinds.
    #[must_use]
    pub fn sensitive(&self) -> PiiSet {
        self.sensitive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_one_order_and_one_name() {
        for (at, kind) in PiiKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), at);
            assert_eq!(PiiKind::parse(kind.name()), Some(kind));
        }
        assert_eq!(PiiKind::parse("Name"), None);
    }

    #[test]
    fn a_set_leaves_unknown_bits_out() {
        let set = PiiSet::from_bits(u32::MAX);
        assert_eq!(set.len(), 21);
        assert_eq!(set.iter().collect::<Vec<_>>(), PiiKind::ALL);
        let set: PiiSet = [PiiKind::Qq, PiiKind::Email].into_iter().collect();
        assert_eq!(set.names().collect::<Vec<_>>(), ["email", "qq"]);
    }

    #[test]
    fn both_profiles_are_built_in() {
        let pipl = PiiProfile::builtin("pipl").expect("pipl");
        let national = PiiProfile::builtin("gbt35273").expect("gbt35273");
        assert!(pipl.is_sensitive(PiiKind::BankCard) && !pipl.is_sensitive(PiiKind::Phone));
        assert!(national.is_sensitive(PiiKind::Phone) && national.is_sensitive(PiiKind::IdCard));
        assert!(!national.is_sensitive(PiiKind::Ip));
        assert!(pipl.sensitive().difference(national.sensitive()).is_empty());
        assert_eq!(PiiProfile::builtin("gdpr"), None);
        assert_eq!(PiiProfile::builtin_names(), ["pipl", "gbt35273"]);
    }

    #[test]
    fn an_unknown_kind_is_refused_with_its_line_and_the_nearest() {
        let text = "[[profile]]\nname = \"p\"\ntitle = \"t\"\nsensitive = [\n  \"bankcard\",\n]\n";
        let message = PiiProfile::parse_all(text, "p.toml").expect_err("unknown kind").to_string();
        assert_eq!(message, "p.toml:5: unknown kind of personal information \"bankcard\"; did you mean \"bank_card\"?");
    }
}
