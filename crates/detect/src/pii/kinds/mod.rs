//! One file per kind of personal information: its forms, the source of its rule, and the scanner.

pub(super) mod bank_card;
pub(super) mod credit_card;
pub(super) mod dob;
pub(super) mod driver_license;
pub(super) mod email;
pub(super) mod iban;
pub(super) mod id_card;
pub(super) mod imei;
pub(super) mod ip;
pub(super) mod landline;
pub(super) mod mac;
pub(super) mod passport;
pub(super) mod phone;
pub(super) mod plate;
pub(super) mod qq;
pub(super) mod social_security;
pub(super) mod url_credential;
pub(super) mod uscc;
pub(super) mod wechat;

use super::form::PiiForm;

/// Every form of every kind.
pub(super) static FORMS: &[&PiiForm] = &[
    &email::ADDRESS,
    &email::OBFUSCATED,
    &phone::MOBILE,
    &phone::INTERNATIONAL,
    &phone::NORTH_AMERICAN,
    &phone::NATIONAL,
    &phone::NAMED,
    &landline::AREA_CODE,
    &id_card::CURRENT,
    &id_card::FIRST_GENERATION,
    &passport::CHINESE,
    &passport::NAMED,
    &driver_license::NAMED,
    &social_security::FORMATTED,
    &social_security::NAMED,
    &bank_card::UNIONPAY,
    &credit_card::ISSUER,
    &credit_card::NAMED,
    &iban::ACCOUNT,
    &ip::V4,
    &ip::V6,
    &mac::EUI48,
    &imei::NAMED,
    &imei::FORMATTED,
    &plate::CIVIL,
    &plate::NEW_ENERGY,
    &uscc::CODE,
    &dob::NAMED,
    &wechat::NAMED,
    &qq::NAMED,
    &url_credential::USER_INFO,
];
