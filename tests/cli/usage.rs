//! Arguments that make no sense, verbs that need no engine, and their exit codes.

use crate::folder::Folder;

#[test]
fn a_command_line_that_makes_no_sense_exits_with_2() {
    let folder = Folder::new();
    for line in [
        "",
        "trian",
        "fmt",
        "fmt tiny.rnet --set depth=20",
        "run tiny.rnet",
        "run tiny.rnet --train mnist",
        "run tiny.rnet --train shapes10 --eval shapes10",
        "run tiny.rnet --eval shapes10",
        "run tiny.rnet --predict a.png",
        "run tiny.rnet --train shapes10 --epochs 1 --steps 2",
        "run tiny.rnet --train shapes10 --epochs 0",
        "run tiny.rnet --train shapes10 --batch 0",
        "run tiny.rnet --train shapes10 --batch 99999999999",
        "run tiny.rnet --train shapes10 --seed -1",
        "run tiny.rnet --train shapes10 --set width",
        "run tiny.rnet --train shapes10 --threads 0",
        "run tiny.rnet --train shapes10 --engine tpu",
        "run tiny.rnet --resume r --weights w.safetensors",
        "run tiny.rnet --eval shapes10 --weights w.safetensors --epochs 2",
        "check",
        "-q -v check tiny.rnet",
        "bench tiny.rnet --steps 0",
        "bench tiny.rnet --engine cpu --limits webgpu-default",
        "bench tiny.rnet --limits none",
        "bench tiny.rnet --engine cpu --tune full",
        "build tiny.rnet --ranks 4",
        "build tiny.rnet --explain --ranks 1",
        "build tiny.rnet --explain --ranks 4 --mode infer",
        "run tiny.rnet --train shapes10 --tune best",
        "run tiny.rnet --train shapes10 --data cifar",
        "run --predict a.png --weights w.safetensors --data cifar",
        "data",
        "data fetch",
    ] {
        let outcome = folder.expect(2, line);
        assert!(outcome.out.is_empty() && !outcome.err.is_empty(), "{line}: {outcome:?}");
    }
}

#[test]
fn help_and_version_are_results() {
    let folder = Folder::new();
    assert!(folder.expect(0, "--version").out.starts_with("rnetc "));
    let help = folder.expect(0, "run --help").out;
    for flag in [
        "--train",
        "--eval",
        "--predict",
        "--recipe",
        "--epochs",
        "--steps",
        "--batch",
        "--seed",
        "--data",
        "--out",
        "--resume",
        "--engine",
        "--precision",
        "--threads",
        "--set",
        "--weights",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn precisions_that_an_engine_lacks_are_named() {
    let folder = Folder::new();
    for line in [
        "run tiny.rnet --train shapes10",
        "run tiny.rnet --eval shapes10 --weights w",
        "bench tiny.rnet",
        "lesion r --delete each",
    ] {
        let outcome = folder.expect(2, &format!("{line} --engine cpu --precision f16"));
        assert!(outcome.err.contains("take --engine wgpu"), "{line}: {outcome:?}");
        assert!(outcome.err.contains("f32, bf16x3 or bf16"), "{line}: {outcome:?}");
    }
    for line in ["report r", "paths r", "paths check r"] {
        let outcome = folder.expect(2, &format!("{line} --precision f16"));
        assert!(outcome.err.contains("without loss scaling"), "{line}: {outcome:?}");
    }
    for precision in ["bf16x3", "bf16"] {
        let line = format!("bench tiny.rnet --engine wgpu --precision {precision}");
        assert!(folder.expect(2, &line).err.contains("--engine cpu"));
    }
}

#[test]
fn check_says_what_a_net_is_or_what_is_wrong() {
    let folder = Folder::new();
    // 3·3·3·4 + 4 + 4 + 4·10 + 10 parameters; 8·8·4·27 + 40 multiply-adds.
    let good = folder.expect(0, "check tiny.rnet");
    assert!(good.out.contains("166 parameters"), "{good:?}");
    assert!(good.out.contains("6,952 multiply-adds"), "{good:?}");
    std::fs::write(folder.at("bad.rnet"), "net a() { input(3, 32, 32) -> conv(3x3, 4 }").unwrap();
    let bad = folder.expect(1, "check bad.rnet tiny.rnet");
    assert!(bad.err.contains("E0001") && bad.err.contains("bad.rnet"), "{bad:?}");
    assert!(bad.out.contains("tiny.rnet"), "the other spec is checked too: {bad:?}");
    assert!(folder.expect(1, "check tiny.rnet --set depth=3").err.contains("E0013"));
    assert!(folder.expect(3, "check none.rnet bad.rnet").err.contains("none.rnet"));
    std::fs::write(folder.at("binary.rnet"), [0xff, 0xfe, 0]).unwrap();
    assert!(folder.expect(1, "check binary.rnet").err.contains("UTF-8"));
    std::fs::create_dir(folder.at("empty")).unwrap();
    assert!(folder.expect(3, "check empty").err.contains("empty holds no .rnet file"));
    std::fs::write(folder.at("wide.rnet"), b"\xff\xfen\0e\0t\0").unwrap();
    assert!(folder.expect(1, "check wide.rnet").err.contains("it is UTF-16; save it as UTF-8"));
    std::fs::write(folder.at("packed.rnet"), b"\x1f\x8b\x08").unwrap();
    assert!(folder.expect(1, "check packed.rnet").err.contains("compressed by gzip"));
}

/// A folder stands for the specs in it.
#[test]
fn folders_of_specs_are_checked_and_formatted() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.at("specs/deeper")).unwrap();
    let tiny = std::fs::read_to_string(folder.at("tiny.rnet")).unwrap();
    std::fs::write(folder.at("specs/b.rnet"), &tiny).unwrap();
    std::fs::write(folder.at("specs/a.rnet"), tiny.replace(" = ", "=")).unwrap();
    std::fs::write(folder.at("specs/notes.txt"), "no spec").unwrap();
    let checked = folder.expect(0, "check specs tiny.rnet").out;
    let names: Vec<&str> = checked.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["specs/a.rnet", "specs/b.rnet", "tiny.rnet"]);
    assert!(folder.expect(1, "fmt --check specs").err.contains("specs/a.rnet"));
    folder.expect(0, "fmt specs");
    assert_eq!(std::fs::read_to_string(folder.at("specs/a.rnet")).unwrap(), tiny);
    assert!(folder.expect(3, "check specs/deeper").err.contains("holds no .rnet file"));
    folder.expect(0, "build tiny.rnet --batch 2 -o built");
    assert!(folder.expect(0, "check built").out.contains("166 parameters"));
}

/// Files as editors of other systems write them.
#[test]
fn a_byte_order_mark_is_read_past() {
    let folder = Folder::new();
    let tiny = std::fs::read_to_string(folder.at("tiny.rnet")).unwrap();
    std::fs::write(folder.at("bom.rnet"), format!("\u{feff}{}", tiny.replace('\n', "\r\n")))
        .unwrap();
    assert!(folder.expect(0, "check bom.rnet").out.contains("166 parameters"));
    folder.expect(1, "fmt --check bom.rnet");
    folder.expect(0, "fmt bom.rnet");
    assert_eq!(std::fs::read_to_string(folder.at("bom.rnet")).unwrap(), tiny);
    let recipe = rnetc::train::recipe::HE2016;
    std::fs::write(folder.at("bom.yaml"), format!("\u{feff}---\n{recipe}")).unwrap();
    let line =
        "run tiny.rnet --train shapes10 --steps 1 --batch 2 --engine cpu --recipe bom.yaml --out r";
    folder.expect(0, line);
    let config = std::fs::read_to_string(folder.at("r/config.yaml")).unwrap();
    std::fs::write(folder.at("r/config.yaml"), format!("\u{feff}{config}")).unwrap();
    folder.expect(0, "run --resume r --engine cpu");
}

#[test]
fn a_folder_of_official_files_is_no_folder_of_pictures() {
    let folder = Folder::new();
    let told = folder.expect(2, "run tiny.rnet --train ./cifar --steps 1").err;
    assert!(told.contains("cifar10 --data ") && told.contains("cifar"), "{told}");
    std::fs::create_dir(folder.at("pickles")).unwrap();
    std::fs::write(folder.at("pickles/data_batch_1"), "").unwrap();
    let told = folder.expect(2, "run tiny.rnet --train CIFAR-10 --steps 1").err;
    assert!(told.contains("did you mean cifar10?"), "{told}");
    let told = folder.expect(2, "run tiny.rnet --train ./pickles --steps 1").err;
    assert!(told.contains("Python's pickles"), "{told}");
}

#[test]
fn shells_complete_and_manuals_have_a_page_for_each_verb() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = folder.expect(0, &format!("completions {shell}")).out;
        assert!(script.contains("gradcheck") && script.contains("precision"), "{shell}");
    }
    folder.expect(2, "completions tcsh");
    let page = folder.expect(0, "man").out;
    assert!(page.contains(".TH rnetc 1") && page.contains("Exit codes"), "{page}");
    folder.expect(0, "man -o pages");
    let text = std::fs::read_to_string(folder.at("pages/rnetc-run.1")).unwrap();
    assert!(text.contains("recompute"));
    assert!(folder.at("pages/rnetc-check.1").is_file() && folder.at("pages/rnetc.1").is_file());
    std::fs::write(folder.at("file"), "").unwrap();
    folder.expect(3, "man -o file/pages");
}

#[test]
fn colours_and_notes_follow_what_is_asked() {
    let folder = Folder::new();
    std::fs::write(folder.at("bad.rnet"), "net n { input(3, 8, 8) -> linaer(2) }").unwrap();
    for (flag, coloured) in [("", false), ("--color never", false), ("--color always", true)] {
        let told = folder.expect(1, &format!("check bad.rnet {flag}")).err;
        assert_eq!(told.contains('\u{1b}'), coloured, "{flag}: {told}");
    }
    // What clap says, and what verbs say, too.
    for (line, code) in [("check --nonsense", 2), ("check none.rnet", 3), ("trian", 2)] {
        let plain = folder.expect(code, &format!("--color never {line}")).err;
        let coloured = folder.expect(code, &format!("{line} --color always")).err;
        assert!(!plain.contains('\u{1b}') && coloured.contains("\u{1b}[1"), "{line}: {coloured}");
        assert_eq!(plain, folder.expect(code, line).err);
    }
    assert_eq!(folder.expect(1, "-q check bad.rnet").err, folder.expect(1, "check bad.rnet").err);
    let line = "run tiny.rnet --train shapes10 --steps 1 --batch 2 --engine cpu --out";
    assert!(folder.expect(0, &format!("{line} a")).err.contains("engine: cpu"));
    let quiet = folder.expect(0, &format!("{line} b --quiet"));
    assert!(quiet.err.is_empty() && quiet.out.contains("test error"), "{quiet:?}");
}

#[test]
fn quiet_keeps_warnings_and_verbose_names_what_was_read() {
    let folder = Folder::new();
    let on = "--engine cpu --threads 1";
    let train = format!("run tiny.rnet --train cifar10 --data cifar --steps 1 --batch 8 {on}");
    let said = folder.expect(0, &format!("{train} --recipe fast --out r -v")).err;
    for told in [
        "read: tiny.rnet, ",
        "recipe: fast, which comes with rnetc",
        "data: cifar10 read from cifar: 80 training and 20 test pictures of 10 classes",
        "instructions: ",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let eval = format!("run tiny.rnet --eval --weights r {on}");
    let said = folder.expect(0, &format!("{eval} --verbose")).err;
    assert!(
        said.contains("read: r/final.safetensors, with the SHA-256 that its run keeps"),
        "{said}"
    );
    assert!(!folder.expect(0, &eval).err.contains("read: "));
    // A warning stays when nothing else is said.
    let other = format!("// changed\n{}", crate::folder::TINY);
    std::fs::write(folder.at("tiny.rnet"), other).unwrap();
    let said = folder.expect(0, &format!("{eval} -q")).err;
    assert!(said.starts_with("warning: the weights come with another text"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    // So does what was wrong with one of several pictures.
    image::RgbImage::new(8, 8).save(folder.at("a.png")).unwrap();
    let said = folder.expect(1, &format!("run --predict a.png none.png --weights r -q {on}")).err;
    assert!(said.contains("error: reading none.png"), "{said}");
}

/// Drivers that miss a variable of desktop sessions print nothing that looks like rnetc's.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_said_of_a_runtime_folder() {
    let folder = Folder::new();
    let mut command = folder.command("devices");
    let outcome = crate::folder::outcome(&command.env_remove("XDG_RUNTIME_DIR").output().unwrap());
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{outcome:?}");
    assert!(folder.at("cache/rnetc/runtime").is_dir());
    // Without a place for it, the program still runs.
    let mut command = folder.command("devices");
    command.env_remove("XDG_RUNTIME_DIR").env("XDG_CACHE_HOME", "/proc/none");
    assert_eq!(crate::folder::outcome(&command.output().unwrap()).code, 0);
}

#[test]
fn help_has_examples_and_exit_codes() {
    let folder = Folder::new();
    let help = folder.expect(0, "--help").out;
    assert!(help.contains("Exit codes:") && help.contains("rnetc run --train shapes10"), "{help}");
    assert!(folder.expect(0, "lesion --help").out.contains("rnetc lesion runs/mine --delete each"));
}

#[test]
fn every_code_is_explained() {
    let folder = Folder::new();
    for code in rnetc::diagnostic::Code::ALL {
        let outcome = folder.expect(0, &format!("explain {}", code.text()));
        assert!(outcome.out.contains(code.title()) && outcome.out.lines().count() > 2);
    }
    let slashes = folder.expect(0, "explain W0004");
    for other in ["w0004", "w4", "W4", "W04"] {
        assert_eq!(folder.expect(0, &format!("explain {other}")), slashes, "{other}");
    }
    let warnings = folder.expect(0, "explain warnings").out;
    assert!(warnings.starts_with("W0001  ") && !warnings.contains("E0001"), "{warnings}");
    assert!(folder.expect(0, "explain errors").out.starts_with("E0001  "));
    let all = folder.expect(0, "explain").out;
    assert!(all.starts_with("E0001  ") && all.contains("\nW0001  "), "{all}");
    assert!(all.contains("recipes: he2016, ") && all.contains("rnetc explain CODE"), "{all}");
    folder.expect(2, "explain w");
    assert!(folder.expect(2, "explain E9999").err.contains("E0001"));
}

#[test]
fn recipes_with_mistakes_are_refused_with_the_line() {
    let folder = Folder::new();
    let recipe = rnetc::train::recipe::HE2016.replace("momentum: 0.9", "momentum: fast");
    std::fs::write(folder.at("r.yaml"), recipe).unwrap();
    let line = "run tiny.rnet --train cifar10 --data cifar --recipe";
    let outcome = folder.expect(1, &format!("{line} r.yaml"));
    assert!(outcome.err.contains("r.yaml") && outcome.err.contains("line"), "{outcome:?}");
    folder.expect(3, &format!("{line} none.yaml"));
    assert!(!folder.at("runs").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let folder = Folder::new();
    let mut child = folder
        .command("explain E0001")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
}

#[test]
fn fmt_changes_what_is_not_in_the_layout() {
    let folder = Folder::new();
    let tiny = std::fs::read_to_string(folder.at("tiny.rnet")).unwrap();
    assert_eq!(folder.expect(0, "fmt --check tiny.rnet").err, "");
    std::fs::write(folder.at("ugly.rnet"), tiny.replace(" = ", "=")).unwrap();
    let outcome = folder.expect(1, "fmt --check ugly.rnet tiny.rnet");
    assert!(outcome.err.contains("ugly.rnet") && !outcome.err.contains("tiny"), "{outcome:?}");
    assert_ne!(std::fs::read_to_string(folder.at("ugly.rnet")).unwrap(), tiny, "checked only");
    folder.expect(0, "fmt ugly.rnet");
    assert_eq!(std::fs::read_to_string(folder.at("ugly.rnet")).unwrap(), tiny);
    std::fs::write(folder.at("bad.rnet"), "net {").unwrap();
    assert!(folder.expect(1, "fmt bad.rnet").err.contains("E0001"));
    assert_eq!(std::fs::read_to_string(folder.at("bad.rnet")).unwrap(), "net {", "left alone");
    folder.expect(3, "fmt none.rnet");
}

#[test]
fn messages_come_in_three_formats() {
    let folder = Folder::new();
    std::fs::write(folder.at("bad.rnet"), "net n {\n    inptu(3, 32, 32) -> linear(2)\n}\n")
        .unwrap();
    let human = folder.expect(1, "check bad.rnet").err;
    assert!(human.contains("--> bad.rnet:2:5") && human.contains("help: did you mean"), "{human}");
    let short = folder.expect(1, "check bad.rnet --message-format short").err;
    let line = "bad.rnet:2:5: error[E0002]: nothing is called `inptu` (did you mean `input`?)\n";
    assert_eq!(short, line);
    let json = folder.expect(1, "build bad.rnet --message-format json").err;
    let message: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(message["code"], "E0002");
    assert_eq!((&message["line"], &message["end_column"]), (&2.into(), &10.into()));
    assert_eq!(message["fix"]["replacement"], "input");
    assert_eq!(json.lines().count(), 1);
}

#[test]
fn graphs_come_as_what_their_name_says() {
    let folder = Folder::new();
    let unit = "unit u { F = bn -> conv(3x3, 4)\n y = x + F(x) }";
    let net = "net n(k = 2) { input(4, 8, 8) -> u * k -> global_avg_pool -> linear(2) }";
    std::fs::write(folder.at("u.rnet"), format!("{unit}\n{net}")).unwrap();
    let drawn = |line: &str, file: &str| {
        folder.expect(0, &format!("graph u.rnet {line} -o {file}"));
        std::fs::read(folder.at(file)).unwrap()
    };
    let text = |line: &str, file: &str| String::from_utf8(drawn(line, file)).unwrap();
    let whole = text("", "u.svg");
    assert!(whole.starts_with("<svg") && whole.contains("prefers-color-scheme"));
    assert!(text("", "u.dot").starts_with("digraph"));
    let png = image::load_from_memory(&drawn("", "u.PNG")).unwrap();
    assert!(png.width() > 400 && png.height() > 400, "{}×{}", png.width(), png.height());
    let dark = image::load_from_memory(&drawn("--theme dark", "u.png")).unwrap().into_rgb8();
    assert!(dark.get_pixel(0, 0).0.iter().all(|&v| v < 40));
    assert!(drawn("--unit u", "u.pdf").starts_with(b"%PDF-1."));
    let one = text("--unit 2 --theme light", "one.svg");
    assert!(one.contains(">F</text>") && !one.contains("linear") && !one.contains("@media"));
    assert_eq!(text("--unravel", "p.svg").matches("<polyline").count(), 4 + 2);
    assert_eq!(text("--unravel --set k=6", "p.svg").matches("<polyline").count(), 64 + 2);
    // What is refused leaves no file.
    assert!(folder.expect(2, "graph u.rnet --unravel --set k=7 -o q.svg").err.contains("2^7"));
    assert!(folder.expect(2, "graph u.rnet --unit v -o q.svg").err.contains("numbered 1 to 2"));
    for file in ["q.jpg", "q"] {
        let said = folder.expect(2, &format!("graph u.rnet -o {file}")).err;
        assert!(said.contains(".svg, .png, .pdf, .dot or .gv"), "{said}");
    }
    folder.expect(2, "graph u.rnet --unravel -o q.dot");
    folder.expect(2, "graph u.rnet --unit u -o q.gv");
    for file in ["q.svg", "q.jpg", "q", "q.dot", "q.gv"] {
        assert!(!folder.at(file).exists(), "{file}");
    }
    folder.expect(3, "graph u.rnet -o none/u.svg");
}

/// Without a driver there is no adapter: exit code 4, and what to do.
#[test]
fn no_adapter_exits_with_4() {
    let folder = Folder::new();
    for line in
        ["bench tiny.rnet --engine wgpu", "run tiny.rnet --train shapes10 --steps 1 --engine wgpu"]
    {
        let mut command = folder.command(line);
        command.env("VK_DRIVER_FILES", "/nowhere").env("VK_ICD_FILENAMES", "/nowhere");
        let outcome = crate::folder::outcome(&command.output().unwrap());
        assert_eq!(outcome.code, 4, "{outcome:?}");
        assert!(outcome.err.contains("--engine cpu"), "{outcome:?}");
        assert!(!outcome.err.contains("panicked"), "{outcome:?}");
    }
}

#[test]
fn a_build_beyond_webgpus_limits_names_a_batch() {
    let folder = Folder::new();
    let line = "build tiny.rnet --set width=64 --batch 65536 --limits webgpu-default";
    let outcome = folder.expect(4, line);
    assert!(outcome.err.contains("use --batch "), "{outcome:?}");
    folder.expect(0, &line.replace("65536", "16"));
}

/// The stages are those of the mode, in order; what is printed of one does not become a build.
#[test]
fn dispatches_are_counted_in_both_precisions() {
    let folder = Folder::new();
    let counted = |mode: &str| {
        let out = folder.expect(0, &format!("build tiny.rnet --explain --mode {mode}")).out;
        let line =
            out.lines().find(|line| line.starts_with("wgpu engine: ")).expect("a line").to_owned();
        let numbers = line.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty());
        let [f32, f16] = [0, 2].map(|at| numbers.clone().nth(at).expect("a number").to_owned());
        assert!(line.contains(&format!("{f32} dispatches a ")), "{line}");
        assert!(line.contains(&format!(" in f32, {f16} in f16, each after the other; ")), "{line}");
        [f32, f16].map(|number| number.parse::<usize>().expect("a number"))
    };
    let ([f32, f16], infer) = (counted("train"), counted("infer"));
    // Whether all gradients are finite, and updates that wait for it.
    assert!(f16 > f32 && f16 < f32 + 8, "{f32} and {f16}");
    assert_eq!(infer[0], infer[1]);
}

#[test]
fn a_step_is_estimated_on_a_gpu_that_is_not_there() {
    let folder = Folder::new();
    let told = folder.expect(0, "build tiny.rnet --explain --for H200").out;
    for word in [
        "NVIDIA H200, without one: nothing here was measured",
        "132 multiprocessors",
        "f32 on an NVIDIA H200, batch 128: ",
        "f16 on an NVIDIA H200, batch 128: ",
        " images/s",
        "conv_dw 3×3×3×4",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let error = folder.expect(2, "build tiny.rnet --explain --for h300").err;
    assert!(error.contains("no chip that is known; there are h200, h100, a100, "), "{error}");
    folder.expect(2, "build tiny.rnet --for h200");
}

#[test]
fn stages_of_a_build_are_printed() {
    let folder = Folder::new();
    let dump =
        |line: &str| folder.expect(0, &format!("build tiny.rnet --batch 2 --dump {line}")).out;
    let stages = dump("help --mode infer");
    assert_eq!(folder.expect(0, "build --dump help --mode infer").out, stages);
    assert!(folder.expect(2, "build --dump graph").err.contains("name the spec"));
    folder.expect(2, "build");
    let stages: Vec<&str> = stages.lines().collect();
    let passes = ["detach", "dead", "fold", "dead-2"];
    assert_eq!(stages[..3], ["syntax", "network", "graph"]);
    assert_eq!(stages[3..7], passes);
    assert_eq!(stages[7..], ["kernels", "phases", "memory"]);
    assert!(dump("help --recompute").contains("recompute\ndead-2\n"));
    for stage in &stages {
        let text = dump(&format!("{stage} --mode infer"));
        assert!(text.lines().count() > 3, "{stage}: {text}");
    }
    assert!(dump("syntax").starts_with("net tiny  @"), "{}", dump("syntax"));
    assert!(dump("network").contains("m0: conv 3×3 3 → 4"), "{}", dump("network"));
    let program = |stage: &str| -> rnetc::graph::Program {
        dump(&format!("{stage} --mode infer")).parse().expect("a graph reads back")
    };
    assert!(passes.iter().all(|pass| program(pass).batch == 2));
    let unknown = folder.expect(2, "build tiny.rnet --dump fold");
    assert!(unknown.err.contains("detach, dead, kernels"), "{unknown:?}");
    folder.expect(2, "build tiny.rnet --dump graph -o somewhere");
    std::fs::write(folder.at("bad.rnet"), "net a() { input(3, 8, 8) -> conv(3x3, 4 }").unwrap();
    assert!(folder.expect(1, "build bad.rnet --dump syntax").err.contains("E0001"));
    assert!(!folder.at("build").exists());
}

/// Flags and verbs of other programs are told by what they are here, not by what they look like.
#[test]
fn flags_and_verbs_of_other_programs_are_answered() {
    let folder = Folder::new();
    let recipe = "rnetc explain he2016 > mine.yaml";
    for (line, told) in [
        ("run --train cifar10 --lr 0.01", "schedule: { lr: 0.1 }"),
        ("run --train cifar10 --lr=0.01", recipe),
        ("run --train cifar10 --weight-decay 1e-4", "optimiser: { weight_decay: 0.0001 }"),
        ("run --train cifar10 --momentum 0.9", "optimiser: { momentum: 0.9 }"),
        ("run --train cifar10 --momentum 0.9", recipe),
        ("run --train cifar10 --batch-size 64", "--batch 128"),
        ("run --train cifar10 --batch_size 64", "--batch 128"),
        ("run --train cifar10 --num-epochs 3", "--epochs 30"),
        ("run --train cifar10 --gpu", "--engine wgpu"),
        ("run --train cifar10 --cuda", "--engine wgpu"),
        ("run --train cifar10 --device cuda", "--engine wgpu"),
        ("run --train cifar10 --fp16", "--precision f16 on a GPU, --precision bf16 on a CPU"),
        ("run --train cifar10 --amp", "--precision f16 on a GPU"),
        ("build tiny.rnet --depth 20", "--set depth=20"),
        ("check tiny.rnet --classes 3", "--set depth=20"),
        ("train cifar10", "rnetc run [SPEC] --train DATA"),
        ("test", "rnetc run --eval DATA --weights FILE"),
        ("predict a.png", "rnetc run --predict IMAGE… --weights FILE"),
        ("draw tiny.rnet", "rnetc graph SPEC -o net.svg"),
    ] {
        let outcome = folder.expect(2, line);
        assert!(outcome.err.contains(told), "{line}: {}", outcome.err);
        let tips = outcome.err.matches("tip: ").count();
        assert!(tips >= 1 && !outcome.err.contains("a similar"), "{line}: {}", outcome.err);
    }
    let own = folder.expect(2, "run --train cifar10 --epoks 3").err;
    assert!(own.contains("'--epochs'"), "{own}");
}

/// What the tip about recipes says works as it stands.
#[test]
fn a_recipe_is_written_changed_and_read() {
    let folder = Folder::new();
    for (name, text) in rnetc::train::recipe::BUNDLED {
        assert_eq!(folder.expect(0, &format!("explain {name}")).out.trim_end(), text.trim_end());
    }
    let line = "run tiny.rnet --train shapes10 --steps 1 --recipe";
    let told = folder.expect(3, &format!("{line} HE2016.yaml")).err;
    assert!(told.contains("--recipe he2016 takes the recipe"), "{told}");
    let recipe = folder.expect(0, "explain he2016").out.replace("lr: 0.1\n", "lr: 0,1\n");
    std::fs::write(folder.at("mine.yaml"), recipe).unwrap();
    let outcome = folder.expect(1, "run tiny.rnet --train shapes10 --steps 1 --recipe mine.yaml");
    assert!(outcome.err.contains("write 0.1"), "{outcome:?}");
}

#[test]
fn a_summary_tells_layers_and_memory_as_a_table_and_as_json() {
    let folder = Folder::new();
    let table = folder.expect(0, "check tiny.rnet --summary --batch 8").out;
    assert!(table.contains("layers.conv") && table.contains("4×8×8"), "{table}");
    assert!(table.contains("tensors of a batch of 8 on the CPU in f32"), "{table}");
    let json = folder.expect(0, "check tiny.rnet --summary --format json").out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["parameters"], 3 * 9 * 4 + 2 * 4 + 4 * 10 + 10);
    assert_eq!(json["layers"][0]["writes"], serde_json::json!([3, 32, 32]));
    assert!(json["training_bytes"].as_u64() > json["inference_bytes"].as_u64());
}

#[test]
fn specs_of_the_program_are_known_by_name_anywhere() {
    let folder = Folder::new();
    let run = folder.expect(0, "check wide --set depth=10 --set widen=2");
    assert!(run.out.starts_with("<built-in wide.rnet>: wide_resnet, 3 units"), "{run:?}");
    assert!(run.err.contains("spec: wide of the program"), "{run:?}");
    folder.expect(0, "graph resnet9 -o net.svg");
    let run = folder.expect(3, "check resnet50");
    assert!(run.err.contains("say imagenet_original, in place of the path"), "{run:?}");
    let run = folder.expect(3, "check specs/wide.rnet");
    assert!(run.err.contains("say wide, in place of the path"), "{run:?}");
    // A file of that name is the user's.
    std::fs::copy(folder.at("tiny.rnet"), folder.at("wide")).unwrap();
    let run = folder.expect(0, "check wide");
    assert!(run.out.starts_with("wide: tiny"), "{run:?}");
}

#[test]
fn the_spec_of_a_recipe_is_named_where_its_patterns_match_nothing() {
    let folder = Folder::new();
    let run =
        "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --steps 1 --recipe";
    for (recipe, spec) in [("airbench94", "airbench94"), ("airbench94_muon", "airbench94")] {
        let lost = folder.expect(1, &format!("{run} {recipe}"));
        let told = format!("recipe: {recipe} is made for the spec {spec}\n");
        assert!(lost.err.contains(&told) && lost.err.contains("matches no parameter"), "{lost:?}");
    }
    std::fs::write(folder.at("own.yaml"), "base: he2016\nfreeze: nothing\n").unwrap();
    assert!(!folder.expect(1, &format!("{run} own.yaml")).err.contains("is made for"));
}

#[test]
fn what_another_kind_of_optimiser_keeps_is_told() {
    let folder = Folder::new();
    let run = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --steps 1 \
               --with optimiser.kind=adamw";
    let kept = folder.expect(0, &format!("{run} --out a"));
    let told = "optimiser: adamw has the rate of sgd, 0.1 and the decay of sgd, 1e-4; --with schedule.lr=… \
                --with optimiser.weight_decay=… gives another\n";
    assert!(kept.err.contains(told), "{kept:?}");
    // The warm-up's rate is SGD's too, and higher.
    let lower = "--with schedule.warmup= --with schedule.lr=0.001";
    let rate = folder.expect(0, &format!("{run} {lower} --out b"));
    assert!(
        rate.err.contains("optimiser: adamw has the decay of sgd, 1e-4; --with opt"),
        "{rate:?}"
    );
    let both = format!("{lower} --with optimiser.weight_decay=0.01");
    assert!(!folder.expect(0, &format!("{run} {both} --out c")).err.contains(" of sgd"));
}
