//! From the first digit of a number to the scanners that may know it.

use tamis_rules::PiiKind;

use super::chain::{Chain, opens_number};
use super::context::Context;
use super::form::Finds;
use super::kinds;
use super::view::View;
use super::{Also, is_written_in_digits, view::is_word};

/// A number in a text, from the first digit of one of its groups on.
pub(super) struct Number<'v> {
    /// The text.
    pub view: View<'v>,
    /// Its first digit.
    pub start: usize,
    /// What follows, group by group.
    pub chain: Chain,
    /// What is reported beside what is reported always.
    pub also: Also,
}

/// Words for orders, transactions and articles.
pub(super) static ORDERS: Context = Context::new(
    &[
        "订单",
        "订单号",
        "订单编号",
        "单号",
        "运单号",
        "流水号",
        "流水",
        "货号",
        "序列号",
        "批号",
        "案号",
        "文号",
        "专利号",
        "交易号",
        "凭证号",
        "发票号",
        "发票号码",
        "发票代码",
        "时间戳",
        "校验码",
        "物料编码",
        "商品编码",
        "条码",
        "訂單號",
        "單號",
        "流水號",
        "order",
        "order no",
        "order number",
        "order id",
        "invoice",
        "sku",
        "isbn",
        "issn",
        "ean",
        "upc",
        "barcode",
        "timestamp",
        "serial no",
        "serial number",
        "part no",
        "part number",
        "tracking",
        "tracking number",
    ],
    6,
);

/// Words for what else a number counts or names: records, files, moments, amounts.
pub(super) static SERIALS: Context = Context::new(
    &[
        "编号",
        "编码",
        "版本号",
        "型号",
        "代码",
        "总数",
        "共计",
        "合计",
        "金额",
        "投资",
        "收入",
        "人口",
        "總數",
        "編號",
        "ts",
        "time",
        "created_at",
        "updated_at",
        "serial",
        "id",
        "uid",
        "uuid",
        "pid",
        "gid",
        "tid",
        "aid",
        "vid",
        "oid",
        "return",
        "seq",
        "size",
        "len",
        "length",
        "count",
        "total",
        "sum",
        "hash",
        "commit",
        "build",
        "block",
        "height",
        "epoch",
        "nonce",
        "seed",
        "offset",
        "tweet",
        "status",
        "doi",
        "arxiv",
        "pmid",
        "patent",
        "ticket",
        "issue",
        "bug",
        "revision",
        "version",
    ],
    6,
);

impl<'v> Number<'v> {
    /// Whether nothing before the number makes it a part of something else.
    pub fn opens(&self) -> bool {
        opens_number(self.view, self.start)
    }

    /// Whether what stands before the number says that it is that of an order, a transaction or an article.
    pub fn is_order(&self) -> bool {
        ORDERS.before(self.view, self.start)
    }

    /// Whether what stands before the number says that it counts or names a thing, orders included.
    pub fn is_serial(&self) -> bool {
        self.is_order() || SERIALS.before(self.view, self.start)
    }

    /// Whether numbers, placeholders of numbers or hex words stand as cells right before the number or behind `end`, as
    /// they do in tables and dumps.
    pub fn is_among_numbers(&self, end: usize) -> bool {
        let (view, blank) = (self.view, |byte| matches!(byte, b' ' | b'\n' | b'\t'));
        let of_word = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F' | b'a'..=b'f');
        let is_number = |word: &[u8]| word.len() >= 2 && word.iter().any(u8::is_ascii_digit);
        // A cell has blanks on both sides: the seconds of a moment and the next address of a list are none.
        let is_cell = |byte: u8| blank(byte) || byte == 0;
        let stands_in = |kind: Option<PiiKind>| kind.is_some_and(is_written_in_digits);
        let before = blank(view.before(self.start)) && {
            let last = self.start - 1;
            let first = view.run_start(last, 9, of_word);
            stands_in(view.placeholder_before(last))
                || is_number(&view.bytes[first..last]) && is_cell(view.before(first))
        };
        let after = blank(view.at(end)) && {
            let first = end + 1;
            let last = view.run_end(first, 9, of_word);
            stands_in(view.placeholder_at(first)) || is_number(&view.bytes[first..last]) && is_cell(view.at(last))
        };
        before || after
    }

    /// Calls `accept` with each count of first groups, longest first, that holds between `least` and `most` digits,
    /// is divided evenly and may end there; ends with the first that is accepted.
    pub fn longest_even(
        &self,
        least: usize,
        most: usize,
        mut accept: impl FnMut(&[u8]) -> bool,
    ) -> Option<(usize, usize)> {
        let groups = self.chain.groups();
        (1..=groups.len()).rev().find_map(|count| {
            let group = groups[count - 1];
            let fits = (least..=most).contains(&group.total)
                && self.chain.is_even(count)
                && self.chain.closes(self.view, count)
                && accept(self.chain.digits(count));
            fits.then_some((count, group.end))
        })
    }
}

/// Looks at the number whose group begins at `start`, and of which `start` is the first digit.
pub(super) fn scan(view: View<'_>, start: usize, also: Also, finds: &mut Finds) {
    let before = view.before(start);
    let end = view.run_end(start, usize::MAX, |byte| byte.is_ascii_digit());
    let length = end - start;
    kinds::mac::find(view, start, end, finds);
    kinds::ip::find_v6(view, start, end, also, finds);
    if before.is_ascii_alphabetic() {
        return coded(view, start, length, finds);
    }
    if length < SHORT && !leads_on(view, start, end) {
        if matches!(view.at(end), b' ' | b'-') && view.at(end + 1).is_ascii_uppercase() {
            lettered(view, start, finds);
        }
        return;
    }
    if length > LONGEST_RUN || before == b'_' {
        return;
    }
    let number = Number { view, start, chain: Chain::read(view, start), also };
    let digits = number.chain.groups().last().map_or(0, |group| group.total);
    kinds::dob::find(&number, finds);
    if digits < FEWEST_OCTETS {
        return lettered(view, start, finds);
    }
    kinds::uscc::find(&number, finds);
    if length <= 3 {
        kinds::ip::find_v4(&number, finds);
    }
    if !number.opens() {
        return;
    }
    kinds::qq::find(&number, finds);
    kinds::passport::find_digits(&number, finds);
    kinds::driver_license::find(view, start, finds);
    if digits >= FEWEST_DIGITS {
        kinds::phone::find(&number, finds);
        kinds::social_security::find(&number, finds);
        kinds::landline::find(&number, finds);
    }
    if digits >= FEWEST_DIGITS_CHECKED {
        kinds::id_card::find(&number, finds);
        kinds::bank_card::find(&number, finds);
        kinds::credit_card::find(&number, finds);
        kinds::imei::find(&number, finds);
    }
}

/// An address has four numbers, and so four digits; everything else has more.
const FEWEST_OCTETS: usize = 4;
/// No telephone number has fewer digits than this, and no number with a check digit has fewer than the other.
const FEWEST_DIGITS: usize = 7;
const FEWEST_DIGITS_CHECKED: usize = 12;

/// A run of fewer digits than this is only looked at where more digits follow.
const SHORT: usize = 5;
/// A run of more digits than this is no number of any kind.
const LONGEST_RUN: usize = 24;

/// Whether the short run goes on as a number, a date or a code: most numbers in texts do not.
fn leads_on(view: View<'_>, start: usize, end: usize) -> bool {
    if end - start == 4 && ends_date(view, start) {
        return true;
    }
    match view.at(end) {
        b' ' | b'-' | b'.' | b'/' => matches!(view.at(end + 1), b'0'..=b'9' | b'('),
        b'(' | b')' => true,
        0xC2 | 0xE2 => true,
        0xE5 => view.goes_on(end, "年"),
        letter if is_word(letter) => true,
        _ => false,
    }
}

/// Whether the four digits may be the year behind a month's name or a day.
fn ends_date(view: View<'_>, year: usize) -> bool {
    let century = matches!((view.at(year), view.at(year + 1)), (b'1', b'8' | b'9') | (b'2', b'0'));
    let before = view.back(year, 2);
    century && view.before(year) == b' ' && (before.is_ascii_alphanumeric() || matches!(before, b',' | b'.'))
}

/// Codes of a few digits and letters behind them.
fn lettered(view: View<'_>, start: usize, finds: &mut Finds) {
    if opens_number(view, start) {
        kinds::driver_license::find(view, start, finds);
    }
}

/// Codes in which a letter stands before the first digit.
fn coded(view: View<'_>, start: usize, length: usize, finds: &mut Finds) {
    if length >= 2 {
        kinds::iban::find(view, start, finds);
    }
    if length >= 5 {
        kinds::passport::find_coded(view, start, finds);
        kinds::qq::find_coded(view, start, start + length, finds);
    }
    kinds::uscc::find_coded(view, start, finds);
    kinds::driver_license::find_coded(view, start, finds);
}
