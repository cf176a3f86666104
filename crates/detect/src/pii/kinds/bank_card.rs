//! Number of a bank card of the Chinese scheme.

use tamis_rules::PiiKind;

use crate::pii::checksum::luhn;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::kinds::credit_card;
use crate::pii::number::Number;

/// UnionPay.
pub(in crate::pii) static UNIONPAY: PiiForm = PiiForm {
    kind: PiiKind::BankCard,
    name: "bank_card.unionpay",
    description: "16 to 19 digits that begin with 62, Luhn check digit; also in groups",
    source: "ISO/IEC 7812-1 (Luhn); issuer range of UnionPay",
    weight: weight::PREFIXED,
};

/// Looks for the form.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    if !number.view.goes_on(number.start, "62") {
        return;
    }
    let reserved = number.longest_even(16, 19, |digits| credit_card::is_reserved(2, digits));
    if let Some((count, end)) = reserved.or_else(|| number.longest_even(16, 19, luhn))
        && (credit_card::WORDS.before(number.view, number.start)
            || !number.is_serial() && (count == 1 || !number.is_among_numbers(end)))
    {
        finds.add_as(number.start, end, &UNIONPAY, reserved.is_some());
    }
}
