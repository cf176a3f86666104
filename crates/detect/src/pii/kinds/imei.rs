//! Number of a mobile device.

use tamis_rules::PiiKind;

use crate::pii::chain::Gap;
use crate::pii::checksum::luhn;
use crate::pii::context::Context;
use crate::pii::form::{Finds, PiiForm, weight};
use crate::pii::number::Number;

/// Beside a word.
pub(in crate::pii) static NAMED: PiiForm = PiiForm {
    kind: PiiKind::Imei,
    name: "imei.named",
    description: "15 digits beside a word for IMEI, Luhn check digit; also in groups",
    source: "3GPP TS 23.003, 6.2 (IMEI) and annex B (check digit)",
    weight: weight::CHECKED,
};

/// In the groups that the standard prints.
pub(in crate::pii) static FORMATTED: PiiForm = PiiForm {
    kind: PiiKind::Imei,
    name: "imei.formatted",
    description: "15 digits as 2-6-6-1 with hyphens, Luhn check digit",
    source: "3GPP TS 23.003, 6.2; GSMA TS.06",
    weight: weight::CHECKED,
};

pub(in crate::pii) static WORDS: Context = Context::new(
    &[
        "imei",
        "imei1",
        "imei2",
        "串号",
        "手机串号",
        "设备号",
        "设备识别码",
        "设备标识",
        "meid",
        "device id",
        "deviceid",
    ],
    20,
);

/// Whether the check digit is right and the series is not that of test devices, 00, with which numbers abroad begin too.
fn is_given(digits: &[u8]) -> bool {
    luhn(digits) && !digits.starts_with(b"00")
}

/// Looks for both forms.
pub(in crate::pii) fn find(number: &Number<'_>, finds: &mut Finds) {
    let reserved = number.chain.digits(number.chain.groups().len()).starts_with(b"000");
    let Some((count, end)) = number.longest_even(15, 15, |digits| reserved || is_given(digits)) else { return };
    let lens = &number.chain.lens()[..count];
    if WORDS.before(number.view, number.start) {
        finds.add_as(number.start, end, &NAMED, reserved);
    } else if lens == [2, 6, 6, 1] && number.chain.gaps(count)[0] == Gap::Hyphen {
        finds.add_as(number.start, end, &FORMATTED, reserved);
    }
}
