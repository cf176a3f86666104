//! Personal information of structured kinds: numbers and addresses that a pattern and a check can tell (4.2.3).

mod anchors;
mod chain;
mod checksum;
mod context;
mod detector;
mod fold;
mod form;
mod kinds;
mod number;
mod oracle;
mod pseudonym;
mod view;

pub use detector::{PiiDetector, PiiOptions};
pub use form::PiiForm;
pub use oracle::PiiOracle;
pub use pseudonym::Pseudonymizer;

use tamis_rules::{PiiKind, PiiSet};

/// What is reported beside what is always reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Also {
    /// Addresses of private networks and of single links: `192.168.0.1`, `fe80::1`.
    pub private: bool,
    /// Addresses and names kept for examples and fiction: `192.0.2.1`, `a@example.com`, `555-0100`.
    pub documentation: bool,
    /// Numbers and addresses of public services: public resolvers such as `8.8.8.8`.
    pub service: bool,
}

/// Every written form of every kind that the detector knows.
#[must_use]
pub fn forms() -> &'static [&'static PiiForm] {
    kinds::FORMS
}

/// The kinds that the detector knows; names and addresses are not among them.
#[must_use]
pub fn structured_kinds() -> PiiSet {
    forms().iter().map(|form| form.kind).collect()
}

/// The form of this name.
#[must_use]
pub fn form(name: &str) -> Option<&'static PiiForm> {
    forms().iter().find(|form| form.name == name).copied()
}

/// Whether what a placeholder stands for is written in digits.
const fn is_written_in_digits(kind: PiiKind) -> bool {
    !matches!(kind, PiiKind::Name | PiiKind::Address | PiiKind::Email | PiiKind::Wechat | PiiKind::UrlCredential)
}

/// What stands in place of information of a kind, such as `[EMAIL]`.
#[must_use]
pub const fn placeholder(kind: PiiKind) -> &'static str {
    match kind {
        PiiKind::Name => "[NAME]",
        PiiKind::Address => "[ADDRESS]",
        PiiKind::Email => "[EMAIL]",
        PiiKind::Phone => "[PHONE]",
        PiiKind::Landline => "[LANDLINE]",
        PiiKind::IdCard => "[ID_CARD]",
        PiiKind::Passport => "[PASSPORT]",
        PiiKind::DriverLicense => "[DRIVER_LICENSE]",
        PiiKind::SocialSecurity => "[SOCIAL_SECURITY]",
        PiiKind::BankCard => "[BANK_CARD]",
        PiiKind::CreditCard => "[CREDIT_CARD]",
        PiiKind::Iban => "[IBAN]",
        PiiKind::Ip => "[IP]",
        PiiKind::Mac => "[MAC]",
        PiiKind::Imei => "[IMEI]",
        PiiKind::Plate => "[PLATE]",
        PiiKind::Uscc => "[USCC]",
        PiiKind::Dob => "[DOB]",
        PiiKind::Wechat => "[WECHAT]",
        PiiKind::Qq => "[QQ]",
        PiiKind::UrlCredential => "[URL_CREDENTIAL]",
    }
}
