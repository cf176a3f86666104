//! Models that ONNX Runtime carries out, against plain Rust. Where its library is not found (`tools/fetch-onnxruntime`
//! puts it in place) these tests are skipped and say so.

mod support;

use support::bert::Bert;
use support::{Bag, HEADS, WIDTH, on_cpu, runtime_is_there, skip, texts, write};
use tamis_classify::onnx::{Entry, Model, Tensor, ValueInfo, data_type};
use tamis_classify::{
    Device, ExternalData, ModelFiles, RowMode, RuntimeLibrary, TextLogits, TokensDetector, TokensOptions,
};
use tamis_detect::{Batch, Code, Detector, Evidence, RowScore};
use tamis_rules::{ModelScore, Taxonomy};

fn taxonomy() -> Taxonomy {
    Taxonomy::builtin("gbt45654").unwrap()
}

fn open(files: ModelFiles, options: &TokensOptions) -> TokensDetector {
    TokensDetector::new(files, &taxonomy(), options).unwrap()
}

fn batch<S: AsRef<str>>(texts: &[S]) -> Batch<'_> {
    let mut batch = Batch::new(texts.len());
    batch.push_field("text", texts.iter().map(|text| Some(text.as_ref())).collect());
    batch
}

fn scan(detector: &TokensDetector, batch: &Batch<'_>) -> Evidence {
    let mut evidence = Evidence::default();
    detector.scanner().scan(batch, &mut evidence);
    evidence
}

/// The score of a row for one risk, 0 where there is none.
fn score(evidence: &Evidence, row: usize, code: &str) -> u16 {
    let risk = taxonomy().risk_id(code).unwrap();
    let found = evidence.scores.iter().find(|it| it.row as usize == row && it.score.risk == risk);
    found.map_or(0, |it| it.score.score_milli)
}

#[test]
fn scores_are_those_of_a_naive_evaluation() {
    if !runtime_is_there("scores_are_those_of_a_naive_evaluation") {
        return;
    }
    for normalize in [true, false] {
        let bag = Bag { normalize, ..Bag::new() };
        let detector = open(bag.files(), &on_cpu(1, 256));
        let texts = texts(250);
        let evidence = scan(&detector, &batch(&texts));
        let (mut high, mut low) = (0, 0);
        for (row, text) in texts.iter().enumerate() {
            let expected = bag.naive_scores(text);
            for (head, (_, codes)) in HEADS.iter().enumerate() {
                for code in *codes {
                    let got = score(&evidence, row, code);
                    let expected = if expected[head] < 10 { 0 } else { expected[head] };
                    // Sums are taken in another order; a score at 10 can fall on either side of what is kept.
                    let near = got.abs_diff(expected) <= 1 || (got.min(expected) == 0 && got.max(expected) == 10);
                    assert!(near, "row {row} head {head}: {got}, expected {expected}: {text:?}");
                    high += usize::from(got >= 500);
                    low += usize::from(got < 500);
                }
            }
        }
        assert!(high > 50 && low > 50, "the test says nothing: {high} {low}");
        assert!(evidence.failed.is_empty());
        assert_eq!(detector.report().failed_windows, 0);
    }
}

#[test]
fn findings_show_the_best_window_in_the_original_text() {
    if !runtime_is_there("findings_show_the_best_window_in_the_original_text") {
        return;
    }
    // Only 麻 says anything, so the best window is the first with the largest share of it.
    let mut bag = Bag::new();
    bag.embedding.fill(0.0);
    bag.embedding[Bag::id('麻') * WIDTH] = 40.0;
    bag.weights.fill(0.0);
    bag.weights[0] = 1.0;
    bag.bias.fill(-4.0);
    let detector = open(bag.files(), &on_cpu(1, 256));
    let text = format!("{}大\u{200b}麻{}", "我们今天去图书馆".repeat(3), "我们今天去图书馆".repeat(3));
    let evidence = scan(&detector, &batch(&[text.as_str(), "我们"]));
    let [finding] = &evidence.findings[..] else { panic!("one finding expected: {:?}", evidence.findings) };
    assert_eq!((finding.row, finding.field, finding.detector, &*finding.entry), (0, 0, "model", "bag/drugs"));
    assert_eq!(finding.code, Code::Risk(taxonomy().risk_id("A1h").unwrap()));
    let found = &text[finding.start as usize..finding.end as usize];
    assert!(found.contains("大\u{200b}麻"), "{found}");
    assert_eq!(found.chars().filter(|&c| c != '\u{200b}').count(), 8);
    let [score] = &evidence.scores[..] else { panic!("one score expected: {:?}", evidence.scores) };
    assert!(score.score.enforce && &*score.model == "bag");
}

#[test]
fn neither_cut_nor_threads_nor_neighbours_change_a_bit() {
    if !runtime_is_there("neither_cut_nor_threads_nor_neighbours_change_a_bit") {
        return;
    }
    let bert = Bert {
        layers: 2,
        hidden: 48,
        attention_heads: 4,
        intermediate: 80,
        vocabulary: Bag::vocabulary(),
        positions: 64,
        outputs: HEADS.len(),
        seed: 5,
    };
    let (onnx, tokenizer) = (bert.to_onnx(), Bag::tokenizer().into_bytes());
    let manifest = Bag::new().manifest(&onnx, &tokenizer);
    let files = ModelFiles::new(manifest, onnx, tokenizer, Vec::new()).unwrap();
    let texts = texts(70);
    for tokens in [64, 512] {
        let whole = open(files.clone(), &on_cpu(1, tokens));
        let expected = whole.logits(&batch(&texts));
        assert!(expected.iter().all(|text| text.heads.is_some()));
        let threads = open(files.clone(), &on_cpu(3, tokens));
        for cut in [1, 7, 50] {
            let parts = texts.chunks(cut).enumerate().flat_map(|(part, texts)| {
                let moved = |said: TextLogits| TextLogits { row: said.row + (part * cut) as u32, ..said };
                threads.logits(&batch(texts)).into_iter().map(moved).collect::<Vec<_>>()
            });
            assert!(parts.eq(expected.iter().cloned()), "cut {cut}, {tokens} tokens");
        }
        let scores = scan(&whole, &batch(&texts)).scores;
        std::thread::scope(|scope| {
            let scans: Vec<_> = (0..3).map(|_| scope.spawn(|| scan(&threads, &batch(&texts)).scores)).collect();
            for other in scans {
                assert_eq!(other.join().unwrap(), scores);
            }
        });
    }
}

#[test]
fn a_row_without_a_number_fails_alone() {
    if !runtime_is_there("a_row_without_a_number_fails_alone") {
        return;
    }
    let mut bag = Bag::new();
    for (c, value) in [('z', f32::NAN), ('q', f32::INFINITY)] {
        bag.embedding[Bag::id(c) * WIDTH..][..WIDTH].fill(value);
    }
    let detector = open(bag.files(), &on_cpu(1, 512));
    let long = format!("{} zebra", "we went to a library. ".repeat(10));
    let texts = ["the fox", "a zebra", "the quick fox", long.as_str(), "大麻烦的人在路口"];
    let evidence = scan(&detector, &batch(&texts));
    assert_eq!(evidence.failed, [1, 2, 3]);
    let clean = scan(&open(Bag::new().files(), &on_cpu(1, 512)), &batch(&texts));
    for row in [0, 4] {
        let of_row = |evidence: &Evidence| -> Vec<RowScore> {
            evidence.scores.iter().filter(|score| score.row == row).cloned().collect()
        };
        assert!(!of_row(&clean).is_empty());
        assert_eq!(of_row(&evidence), of_row(&clean));
    }
    assert!(evidence.scores.iter().all(|score| [0, 4].contains(&score.row)));
    assert!(evidence.findings.iter().all(|finding| [0, 4].contains(&finding.row)));
}

#[test]
fn only_the_chosen_rows_are_examined() {
    if !runtime_is_there("only_the_chosen_rows_are_examined") {
        return;
    }
    let texts = texts(60);
    let risk = taxonomy().risk_id("A1h").unwrap();
    let earlier = |row, score_milli| RowScore {
        row,
        model: "lin31".into(),
        score: ModelScore { risk, score_milli, enforce: true },
    };
    let said = || Evidence {
        scores: vec![earlier(3, 90), earlier(4, 100), earlier(5, 900), earlier(6, 950), earlier(21, 400)],
        ..Evidence::default()
    };
    let whole = open(Bag::new().files(), &on_cpu(1, 256));
    let all = scan(&whole, &batch(&texts));
    let mode = RowMode::Uncertain { model: "lin31".into(), low_milli: 100, high_milli: 900 };
    let detector = open(Bag::new().files(), &TokensOptions { mode, ..on_cpu(1, 256) });
    let mut evidence = said();
    detector.scanner().scan(&batch(&texts), &mut evidence);
    let own: Vec<&RowScore> = evidence.scores.iter().filter(|score| &*score.model == "bag").collect();
    let expected: Vec<&RowScore> = all.scores.iter().filter(|score| [4, 5, 21].contains(&score.row)).collect();
    assert!(!expected.is_empty());
    assert_eq!(own, expected);

    let mode = RowMode::Sample { per_mille: 300, seed: 9 };
    let detector = open(Bag::new().files(), &TokensOptions { mode, ..on_cpu(1, 256) });
    let sampled = scan(&detector, &batch(&texts));
    assert!(!sampled.scores.is_empty() && sampled.scores.len() < all.scores.len());
    assert!(sampled.scores.iter().all(|score| all.scores.contains(score)));
    assert!((1..whole.report().windows / 2).contains(&detector.report().windows));
}

#[test]
fn the_digest_knows_what_changes_answers_and_no_more() {
    if !runtime_is_there("the_digest_knows_what_changes_answers_and_no_more") {
        return;
    }
    let digest = |bag: Bag, options: &TokensOptions| open(bag.files(), options).digest();
    let base = digest(Bag::new(), &on_cpu(1, 256));
    assert_eq!(base, digest(Bag::new(), &on_cpu(2, 512)));
    assert_ne!(base, digest(Bag { bias: vec![0.0; 3], ..Bag::new() }, &on_cpu(1, 256)));
    assert_ne!(base, digest(Bag { normalize: false, ..Bag::new() }, &on_cpu(1, 256)));
    let mode = RowMode::Sample { per_mille: 10, seed: 0 };
    assert_ne!(base, digest(Bag::new(), &TokensOptions { mode, ..on_cpu(1, 256) }));
}

#[test]
fn the_highest_field_of_a_row_counts() {
    if !runtime_is_there("the_highest_field_of_a_row_counts") {
        return;
    }
    let detector = open(Bag::new().files(), &on_cpu(1, 256));
    let texts = texts(40);
    let (first, second) = texts.split_at(20);
    let mut both = batch(first);
    both.push_field("title", second.iter().map(|text| Some(text.as_str())).collect());
    let (both, first, second) =
        (scan(&detector, &both), scan(&detector, &batch(first)), scan(&detector, &batch(second)));
    for row in 0..20 {
        for code in ["A1h", "A2c"] {
            assert_eq!(score(&both, row, code), score(&first, row, code).max(score(&second, row, code)));
        }
    }
    assert!(both.findings.iter().any(|finding| finding.field == 1));
}

#[test]
fn a_tokenizer_that_does_not_fit_the_network_is_refused_at_load() {
    if !runtime_is_there("a_tokenizer_that_does_not_fit_the_network_is_refused_at_load") {
        return;
    }
    let mut bag = Bag::new();
    bag.embedding.truncate(10 * WIDTH);
    let error = TokensDetector::new(bag.files(), &taxonomy(), &on_cpu(1, 256)).unwrap_err().to_string();
    assert!(error.contains("it fails on 16 tokens with ids up to"), "{error}");
}

#[test]
fn weights_in_another_file_and_inputs_by_other_names_work() {
    if !runtime_is_there("weights_in_another_file_and_inputs_by_other_names_work") {
        return;
    }
    let bag = Bag::new();
    let bytes: Vec<u8> = bag.embedding.iter().flat_map(|value| value.to_le_bytes()).collect();
    let change = |model: &mut Model| {
        let graph = model.graph.as_mut().unwrap();
        let embedding: &mut Tensor = &mut graph.initializer[0];
        embedding.raw_data.clear();
        embedding.data_location = 1;
        embedding.external_data = vec![Entry { key: "location".into(), value: "weights.bin".into() }];
        for input in &mut graph.input {
            input.name = format!("my_{}", input.name);
        }
        graph.input.push(ValueInfo::new("token_type_ids", data_type::INT64, &[Err("windows"), Err("tokens")]));
        for node in &mut graph.node {
            for input in &mut node.input {
                if input == "input_ids" || input == "attention_mask" {
                    *input = format!("my_{input}");
                }
            }
        }
    };
    let (onnx, tokenizer) = (bag.to_onnx(change), Bag::tokenizer().into_bytes());
    let mut manifest = bag.manifest(&onnx, &tokenizer);
    manifest.external_data =
        vec![ExternalData { file: "weights.bin".into(), blake3: blake3::hash(&bytes).to_hex().to_string() }];
    let tokens = manifest.tokens.as_mut().unwrap();
    tokens.ids_input = "my_input_ids".into();
    tokens.mask_input = "my_attention_mask".into();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &manifest, &onnx, &tokenizer);
    std::fs::write(folder.path().join("weights.bin"), &bytes).unwrap();
    let detector = TokensDetector::open(folder.path(), &taxonomy(), &on_cpu(1, 256)).unwrap();
    let texts = texts(50);
    let expected = scan(&open(bag.files(), &on_cpu(1, 256)), &batch(&texts)).scores;
    assert_eq!(scan(&detector, &batch(&texts)).scores, expected);
}

#[test]
fn word_pieces_in_special_tokens_are_windowed_to_what_the_network_takes() {
    if !runtime_is_there("word_pieces_in_special_tokens_are_windowed_to_what_the_network_takes") {
        return;
    }
    let tokenizer = r###"{"version":"1.0","truncation":{"direction":"Right","max_length":8,"strategy":"LongestFirst","stride":0},
        "padding":{"strategy":{"Fixed":8},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},
        "added_tokens":[{"id":2,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
            {"id":3,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
        "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
        "pre_tokenizer":{"type":"BertPreTokenizer"},
        "post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},"decoder":null,
        "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
            "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"the":4,"qu":5,"##ick":6,"fox":7,"大":8,"麻":9,"[":10,"]":11,"sep":12}}}"###;
    let bag = Bag { normalize: false, ..Bag::new() };
    let (onnx, tokenizer) = (bag.to_onnx(|_| ()), tokenizer.as_bytes().to_vec());
    let mut manifest = bag.manifest(&onnx, &tokenizer);
    manifest.tokens.as_mut().unwrap().max_tokens = 7;
    let files = ModelFiles::new(manifest, onnx, tokenizer, Vec::new()).unwrap();
    let detector = open(files, &on_cpu(1, 64));
    // Seven tokens take two special ones; of the five left, windows are of four, stepping by two.
    let text = "The quick FOX, 大麻 [SEP]";
    let [said] = &detector.logits(&batch(&[text]))[..] else { panic!("one text expected") };
    let windows: Vec<&str> = said.spans.iter().map(|span| &text[span.clone()]).collect();
    // the qu ##ick fox , 大 麻 [ sep ]
    assert_eq!(windows, ["The quick FOX", "ick FOX, 大", ", 大麻 [", "麻 [SEP]"]);
    assert_eq!(detector.report().tokens, 4 * (4 + 2));
    assert!(detector.logits(&batch(&["", " "])).iter().all(|said| said.heads.as_deref() == Some(&[])));
}

#[test]
fn tokens_of_single_bytes_lead_back_to_whole_characters() {
    if !runtime_is_there("tokens_of_single_bytes_lead_back_to_whole_characters") {
        return;
    }
    // 大麻烦 is E5 A4 A7, E9 BA BB, E7 83 A6, each byte a letter of GPT-2's alphabet.
    let letters = "Ġå¤§éº»çĥ¦ab";
    let words: Vec<String> = letters.chars().enumerate().map(|(at, c)| format!("\"{c}\":{at}")).collect();
    let tokenizer = format!(
        r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"decoder":null,
        "pre_tokenizer":{{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":true}},
        "post_processor":{{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}},
        "model":{{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,
        "fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{{{}}},"merges":[]}}}}"#,
        words.join(",")
    );
    let bag = Bag { normalize: false, ..Bag::new() };
    let (onnx, tokenizer) = (bag.to_onnx(|_| ()), tokenizer.into_bytes());
    let mut manifest = bag.manifest(&onnx, &tokenizer);
    manifest.tokens.as_mut().unwrap().max_tokens = 4;
    let files = ModelFiles::new(manifest, onnx, tokenizer, Vec::new()).unwrap();
    let text = "大麻烦 ab";
    let [said] = &open(files, &on_cpu(1, 64)).logits(&batch(&[text]))[..] else { panic!("one text expected") };
    let windows: Vec<&str> = said.spans.iter().map(|span| &text[span.clone()]).collect();
    assert_eq!(windows, ["大麻", "大麻", "麻烦", "烦 ", "烦 ab"]);
}

#[test]
fn the_end_of_a_long_text_is_read() {
    if !runtime_is_there("the_end_of_a_long_text_is_read") {
        return;
    }
    let bag = Bag { normalize: false, ..Bag::new() };
    let detector = open(bag.files(), &on_cpu(2, 512));
    let text = format!("{}大麻烦", "the fox went to a library. ".repeat(8_000));
    let [said] = &detector.logits(&batch(&[text.as_str()]))[..] else { panic!("one text expected") };
    // Windows of 16 tokens, every 8.
    assert_eq!(said.spans.len(), text.chars().count().div_ceil(8) - 1);
    assert_eq!(said.spans.last().map(|span| span.end), Some(text.len()));
    assert!(said.heads.is_some());
}

#[test]
fn without_the_device_the_cpu_is_used_and_said_or_it_is_refused() {
    if !runtime_is_there("without_the_device_the_cpu_is_used_and_said_or_it_is_refused") {
        return;
    }
    // No machine has so many devices.
    let far = TokensOptions { device: Device::Cuda(vec![4000]), ..on_cpu(1, 256) };
    let detector = open(Bag::new().files(), &far);
    let report = detector.report();
    assert_eq!((report.used.as_str(), report.provider.as_str()), ("cpu", "CPUExecutionProvider"));
    assert!(report.notes.len() == 1 && report.notes[0].contains("cuda:4000 is not available"), "{:?}", report.notes);
    let error = TokensDetector::new(Bag::new().files(), &taxonomy(), &TokensOptions { strict: true, ..far });
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("ONNX Runtime: model bag: cuda:4000 is not available"), "{error}");
}

#[test]
fn cuda_gives_the_scores_of_the_cpu() {
    let test = "cuda_gives_the_scores_of_the_cpu";
    if !runtime_is_there(test) {
        return;
    }
    let strict = TokensOptions { device: Device::Cuda(vec![0]), strict: true, ..TokensOptions::default() };
    let detector = match TokensDetector::new(Bag::new().files(), &taxonomy(), &strict) {
        Ok(detector) => detector,
        Err(error) => return skip(test, &error),
    };
    assert_eq!(detector.report().provider, "CUDAExecutionProvider");
    let texts = texts(400);
    let (cuda, cpu) =
        (scan(&detector, &batch(&texts)), scan(&open(Bag::new().files(), &on_cpu(1, 256)), &batch(&texts)));
    for row in 0..texts.len() {
        for code in ["A1h", "A2c"] {
            assert!(score(&cuda, row, code).abs_diff(score(&cpu, row, code)) <= 10, "row {row} {code}");
        }
    }
}

#[test]
fn a_library_that_is_none_is_told_with_the_step() {
    let folder = tempfile::tempdir().unwrap();
    let error = RuntimeLibrary::find(Some(folder.path())).unwrap_err().to_string();
    assert!(error.contains("is no library, and no folder that has one; run tools/fetch-onnxruntime once"), "{error}");
    // In a process of its own nothing is loaded yet; beside the other tests another library may be.
    let file = folder.path().join("libonnxruntime.so");
    std::fs::write(&file, "no library").unwrap();
    let options = TokensOptions { library: Some(file), ..on_cpu(1, 256) };
    let error = TokensDetector::new(Bag::new().files(), &taxonomy(), &options).unwrap_err().to_string();
    assert!(error.starts_with("ONNX Runtime: "), "{error}");
}
