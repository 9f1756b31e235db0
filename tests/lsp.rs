//! The language server as an editor meets it: over its protocol, through the program's standard
//! input and output.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const URI: &str = "file:///spec.rnet";

const SPEC: &str = "\
unit preact(width, stride = 1) {
    F = bn -> relu -> conv(3x3, width, stride: stride) -> bn -> relu -> conv(3x3, width)
    h = shortcut(width, stride: stride)
    y = h(x) + F(x)
}

net small(classes = 10) {
    input(3, 32, 32) -> conv(3x3, 16) -> preact(16) * 2 -> preact(32, stride: 2)
    -> bn -> relu -> global_avg_pool -> linear(classes)
}
";

struct Editor {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    last: u32,
}

impl Editor {
    /// One that can do all that the server asks about.
    fn new() -> Self {
        Self::with(json!({ "textDocument": {
            "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
            "rename": { "prepareSupport": true },
            "signatureHelp": { "signatureInformation": {
                "parameterInformation": { "labelOffsetSupport": true } } },
        } }))
        .0
    }

    /// One of certain abilities, and what it is offered.
    fn with(capabilities: Value) -> (Self, Value) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rnetc"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut editor = Self { child, to, from, last: 0 };
        let answer = editor.ask("initialize", json!({ "capabilities": capabilities }));
        editor.note("initialized", json!({}));
        (editor, answer["capabilities"].clone())
    }

    fn write(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("the server reads");
        self.to.flush().expect("the server reads");
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.from.read_line(&mut line).expect("a line"), 0, "the server has gone");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().expect("a number"),
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes).expect("a body");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    fn note(&mut self, method: &str, params: Value) {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.answer(method, params)["result"].clone()
    }

    /// A whole answer: a result or an error.
    fn answer(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.read();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Opens a text, or changes it; gives the published diagnostics.
    fn open(&mut self, text: &str) -> Vec<Value> {
        let document = json!({ "uri": URI, "languageId": "rnet", "version": 1, "text": text });
        self.note("textDocument/didOpen", json!({ "textDocument": document }));
        self.published()
    }

    fn change(&mut self, text: &str) -> Vec<Value> {
        let document = json!({ "uri": URI, "version": 2 });
        let changes = json!([{ "text": text }]);
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.note("textDocument/didChange", params);
        self.published()
    }

    fn published(&mut self) -> Vec<Value> {
        let note = self.read();
        assert_eq!(note["method"], "textDocument/publishDiagnostics", "{note}");
        note["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    /// Asks about the place of a word's first occurrence behind `after`.
    fn at(&mut self, method: &str, text: &str, after: &str, word: &str) -> Value {
        self.ask(
            method,
            json!({ "textDocument": { "uri": URI }, "position": place(text, after, word) }),
        )
    }

    /// Gives the word behind `after` another name: the text then, or why not.
    fn rename(&mut self, text: &str, after: &str, word: &str, new: &str) -> Result<String, String> {
        let document = json!({ "uri": URI });
        let position = place(text, after, word);
        let params = json!({ "textDocument": document, "position": position, "newName": new });
        let answer = self.answer("textDocument/rename", params);
        match answer["error"]["message"].as_str() {
            Some(message) => Err(message.to_owned()),
            None => Ok(edited(text, &answer["result"]["changes"][URI])),
        }
    }

    /// Actions in a range of lines, with their titles, each with the text that it leaves.
    fn actions(&mut self, text: &str, line: u32, only: &str) -> Vec<(String, String)> {
        let range = json!({
            "start": { "line": line, "character": 0 }, "end": { "line": line, "character": 99 } });
        let context = json!({ "diagnostics": [], "only": [only] });
        let params = json!({ "textDocument": { "uri": URI }, "range": range, "context": context });
        let answer = self.ask("textDocument/codeAction", params);
        let actions = answer.as_array().expect("a list").iter();
        let text = |action: &Value| edited(text, &action["edit"]["changes"][URI]);
        actions.map(|a| (a["title"].as_str().expect("a title").to_owned(), text(a))).collect()
    }

    /// Hints of a whole text, put into it.
    fn hinted(&mut self, text: &str) -> String {
        let range = json!({
            "start": { "line": 0, "character": 0 }, "end": { "line": 999, "character": 0 } });
        let params = json!({ "textDocument": { "uri": URI }, "range": range });
        let hints = self.ask("textDocument/inlayHint", params);
        let edits = hints.as_array().expect("a list").iter().map(|hint| {
            let label = hint["label"].as_str().expect("a label");
            let range = json!({ "start": hint["position"], "end": hint["position"] });
            json!({ "range": range, "newText": format!("⟨{label}⟩") })
        });
        edited(text, &Value::Array(edits.collect()))
    }

    fn goodbye(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.note("exit", Value::Null);
        assert!(self.child.wait().expect("it ends").success());
    }
}

/// Where a word first stands behind `after`, as the protocol counts.
fn place(text: &str, after: &str, word: &str) -> Value {
    let start = text.find(after).expect(after);
    let at = start + text[start..].find(word).expect(word);
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    json!({ "line": line, "character": text[start..at].encode_utf16().count() })
}

/// A text after edits in the protocol's form, read here as its rules are written.
fn edited(text: &str, edits: &Value) -> String {
    let byte = |position: &Value| {
        let number = |name: &str| position[name].as_u64().expect("a number") as usize;
        let mut lines = text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(number("line")).map(str::len).sum();
        let line = lines.next().unwrap_or("");
        let units: Vec<u16> = line.encode_utf16().take(number("character")).collect();
        before + String::from_utf16(&units).expect("whole characters").len()
    };
    let edits = edits.as_array().expect("a list").iter().map(|edit| {
        let range = byte(&edit["range"]["start"])..byte(&edit["range"]["end"]);
        (range, edit["newText"].as_str().expect("a text"))
    });
    let mut edits: Vec<_> = edits.collect();
    edits.sort_by_key(|(range, _)| range.start);
    let mut text = text.to_owned();
    for (range, new) in edits.into_iter().rev() {
        text.replace_range(range, new);
    }
    text
}

#[test]
fn what_is_offered_is_what_the_editor_understands() {
    let (editor, offered) = Editor::with(json!({}));
    for provider in ["hover", "definition", "references", "documentHighlight", "documentSymbol"] {
        assert_eq!(offered[format!("{provider}Provider")], true, "{provider}: {offered}");
    }
    assert_eq!(
        (&offered["inlayHintProvider"], &offered["renameProvider"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(offered["codeActionProvider"]["codeActionKinds"], json!(["quickfix"]));
    assert_eq!(offered["signatureHelpProvider"]["triggerCharacters"], json!(["(", ","]));
    editor.goodbye();
    let prepared = json!({ "textDocument": { "rename": { "prepareSupport": true } } });
    let (editor, offered) = Editor::with(prepared);
    assert_eq!(offered["renameProvider"]["prepareProvider"], true);
    editor.goodbye();
}

#[test]
fn diagnostics_as_you_type() {
    let mut editor = Editor::new();
    assert_eq!(editor.open(SPEC), Vec::<Value>::new());
    let found = editor.change(&SPEC.replace("h = shortcut", "h = shotcut"));
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["code"], &found[0]["severity"]), (&json!("E0002"), &json!(1)));
    let wanted = json!({
        "start": { "line": 2, "character": 8 }, "end": { "line": 2, "character": 15 } });
    assert_eq!(found[0]["range"], wanted);
    let params = json!({
        "textDocument": { "uri": URI }, "range": wanted, "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", params);
    assert_eq!(actions[0]["edit"]["changes"][URI][0]["newText"], "shortcut");
    let found = editor.change(&SPEC.replace("+ F(x)", "* conv(3x3, 16, stride: 2)(x)"));
    assert!(found.iter().any(|d| d["code"] == "E0008"), "{found:?}");
    let related = found[0]["relatedInformation"].as_array().expect("the chain of calls");
    assert!(!related.is_empty());
    let found = editor.change(&SPEC.replace("y = h(x)", "y = 0.5 * h(x)"));
    assert_eq!((&found[0]["code"], &found[0]["severity"]), (&json!("W0003"), &json!(2)));
    assert_eq!(editor.change(SPEC), Vec::<Value>::new(), "mended");
    editor.goodbye();
}

#[test]
fn hover_tells_shapes_and_parameters() {
    let mut editor = Editor::new();
    editor.open(SPEC);
    let mut hover = |after: &str, word: &str| {
        let answer = editor.at("textDocument/hover", SPEC, after, word);
        answer["contents"]["value"].as_str().unwrap_or("nothing").to_owned()
    };
    let unit = hover("input", "preact(16)");
    assert!(unit.contains("unit preact(width, stride = 1)"), "{unit}");
    // Two 3×3 convolutions of 16 channels and two BNs: 2·2304 + 2·32.
    assert!(unit.contains("3 in the net") && unit.contains("4,672 parameters"), "{unit}");
    assert!(unit.contains("16×32×32 → 32×16×16"), "{unit}");
    let binding = hover("unit", "F =");
    assert!(binding.contains("16×32×32 → 16×32×32, 16×32×32 → 32×16×16"), "{binding}");
    let layer = hover("unit", "conv(3x3, width, stride");
    assert!(layer.contains("conv(kernel, width, [stride: …]"), "{layer}");
    // 2304 twice, and 9·16·32 where the stride is 2.
    assert!(layer.contains("9,216 parameters"), "{layer}");
    let net = hover("net", "small");
    assert!(net.contains("3 units") && net.contains("multiply-adds"), "{net}");
    assert_eq!(hover("net", "{"), "nothing");
    let parameter = hover("unit", "stride = 1");
    assert!(
        parameter.contains("parameter `stride` of unit `preact`: `1` unless given"),
        "{parameter}"
    );
    assert!(parameter.contains("used in line 2, 3; given by name in line 8"), "{parameter}");
    assert!(parameter.contains("in the net, with its defaults: `1`, `2`"), "{parameter}");
    assert_eq!(hover("16) * 2", "stride: 2"), parameter, "at the call too");
    let classes = hover("net", "classes");
    assert!(classes.contains("with the net's defaults: `10`"), "{classes}");
    assert!(hover("h(x)", "x").ends_with(": 16×32×32"), "{}", hover("h(x)", "x"));
    let numbers = SPEC
        .replace("    input", "    let half = classes / 4\n    input")
        .replace("preact(16) * 2", "preact(16) * half * 0 -> preact(16)");
    assert_eq!(editor.open(&numbers), Vec::<Value>::new());
    let text = SPEC.replace("F(x)", "F(x) * index / count");
    let mut count = |text: &str| {
        editor.open(text);
        let hover = editor.at("textDocument/hover", text, "index /", "count");
        hover["contents"]["value"].as_str().expect("a text").to_owned()
    };
    assert_eq!(count(&text), "`count`: units in the net: 3");
    assert_eq!(count(&text.replace("input(", "inptu(")), "`count`: units in the net");
    editor.open(&numbers);
    let half = editor.at("textDocument/hover", &numbers, "let", "half");
    let half = half["contents"]["value"].as_str().expect("a text");
    assert!(half.contains("let half = classes / 4\n"), "{half}");
    assert!(
        half.contains("of net `small`  \nused in line 9  \nwith the net's defaults: `2.5`"),
        "{half}"
    );
    editor.goodbye();
}

#[test]
fn definitions_completions_and_layout_of_texts_that_are_being_typed() {
    let mut editor = Editor::new();
    let broken = SPEC.replace("    y = h(x) + F(x)", "    y = h(x) +");
    assert_eq!(editor.open(&broken).len(), 1);
    let line = |answer: Value| answer["range"]["start"]["line"].as_u64();
    let mut definition =
        |after: &str, word: &str| line(editor.at("textDocument/definition", &broken, after, word));
    assert_eq!(definition("input", "preact"), Some(0));
    assert_eq!(definition("y =", "h(x)"), Some(2));
    assert_eq!(definition("shortcut", "stride)"), Some(0));
    assert_eq!(definition("linear", "classes"), Some(6));
    assert_eq!(definition("F =", "bn"), None);
    let mut labels = |after: &str, word: &str| -> Vec<String> {
        let answer = editor.at("textDocument/completion", &broken, after, word);
        let items = answer.as_array().expect("a list").clone();
        items.iter().map(|item| item["label"].as_str().expect("a label").to_owned()).collect()
    };
    let in_unit = labels("y =", "h(x)");
    assert!(
        ["F", "width", "x", "index", "h", "conv", "relu"]
            .iter()
            .all(|name| in_unit.contains(&(*name).to_owned()))
    );
    assert!(!in_unit.contains(&"project".to_owned()), "words stand in arguments");
    let in_net = labels("net", "input");
    assert!(in_net.contains(&"classes".to_owned()) && !in_net.contains(&"x".to_owned()));
    assert_eq!(labels("h = shortcut", "width")[..3], ["width", "kind", "bn"]);
    assert_eq!(labels("preact(16)", "16")[..3], ["width", "stride", "classes"]);
    assert_eq!(labels("preact(32", "stride"), ["stride"], "none but what is left");
    assert_eq!(labels("-> preact(32", "bn ")[..2], ["preact", "input"]);
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let params = json!({ "textDocument": { "uri": URI }, "options": options });
    assert_eq!(editor.ask("textDocument/formatting", params.clone()), Value::Null, "broken");
    editor.change(&SPEC.replace(" = ", "="));
    let edits = editor.ask("textDocument/formatting", params);
    assert_eq!(edits[0]["newText"], SPEC);
    editor.goodbye();
}

#[test]
fn nonsense_is_answered_and_survived() {
    let mut editor = Editor::new();
    assert_eq!(editor.ask("textDocument/unheardOf", json!({})), Value::Null);
    assert_eq!(editor.ask("textDocument/hover", json!({ "position": "?" })), Value::Null);
    editor.note("textDocument/didOpen", json!({ "textDocument": 3 }));
    let deep = "unit u { F = ".to_owned() + &"conv(".repeat(12_000);
    for text in [
        "",
        "\0",
        "unit",
        "unit u(",
        "net n { conv(",
        "🦀 unit 🦀 = (",
        "}}}",
        "unit unit =",
        "//",
        "\u{feff}",
        "\u{feff}unit\r",
        "unit u(a = ) { : = x(y: } let",
        "// allow ",
        ")(:,=",
        &deep,
    ] {
        editor.open(text);
        for character in [0, 1, 3, 9, 99, u32::MAX] {
            for line in [0, 1, u32::MAX] {
                let position = json!({ "line": line, "character": character });
                let range = json!({ "start": position, "end": { "line": 0, "character": 0 } });
                let params = json!({
                    "textDocument": { "uri": URI }, "position": position, "range": range,
                    "newName": "a", "context": { "includeDeclaration": true, "diagnostics": [] } });
                for what in EVERYTHING {
                    let answer = editor.answer(&format!("textDocument/{what}"), params.clone());
                    let outside = line == u32::MAX && !AT_RANGES.contains(&what);
                    assert!(!outside || answer["result"].is_null(), "{what}: {answer}");
                }
            }
        }
    }
    let params = json!({ "textDocument": { "uri": "file:///other.rnet" },
        "position": { "line": 0, "character": 0 } });
    assert_eq!(editor.ask("textDocument/hover", params), Value::Null, "a text that is not open");
    editor.goodbye();
}

/// What may be asked about a text.
const EVERYTHING: [&str; 11] = [
    "hover",
    "definition",
    "completion",
    "references",
    "documentHighlight",
    "documentSymbol",
    "rename",
    "prepareRename",
    "signatureHelp",
    "inlayHint",
    "codeAction",
];

/// What of it is not about one position.
const AT_RANGES: [&str; 3] = ["documentSymbol", "inlayHint", "codeAction"];

#[test]
fn names_are_found_and_changed_everywhere() {
    let mut editor = Editor::new();
    editor.open(SPEC);
    let lines = |answer: Value| -> Vec<u64> {
        let places = answer.as_array().expect("a list").clone();
        places.iter().map(|p| p["range"]["start"]["line"].as_u64().expect("a line")).collect()
    };
    let ask = |declaration: bool| {
        json!({
            "textDocument": { "uri": URI }, "position": place(SPEC, "unit", "stride"),
            "context": { "includeDeclaration": declaration } })
    };
    // Its definition, its uses in conv and shortcut, and the call.
    assert_eq!(lines(editor.ask("textDocument/references", ask(true))), [0, 1, 2, 7]);
    assert_eq!(lines(editor.ask("textDocument/references", ask(false))), [1, 2, 7]);
    let marks = editor.at("textDocument/documentHighlight", SPEC, "y =", "F");
    assert_eq!(
        (&marks[0]["kind"], &marks[1]["kind"], &marks[2]),
        (&json!(3), &json!(2), &Value::Null)
    );
    let by_hand = SPEC
        .replace("stride = 1", "step = 1")
        .replace("stride: stride", "stride: step")
        .replace("preact(32, stride: 2)", "preact(32, step: 2)");
    assert_eq!(editor.rename(SPEC, "16) * 2", "stride", "step"), Ok(by_hand.clone()));
    assert_eq!(editor.open(&by_hand), Vec::<Value>::new());
    editor.open(SPEC);
    let mut refused = |new: &str| editor.rename(SPEC, "y =", "F", new).expect_err(new);
    assert!(refused("h").contains("`h` is defined already in this unit"));
    assert!(refused("relu").contains("`relu` is a built-in layer"));
    assert!(refused("2").contains("`2` is no name"));
    let prepared = editor.at("textDocument/prepareRename", SPEC, "y =", "F");
    assert_eq!(prepared["placeholder"], "F");
    assert_eq!(editor.at("textDocument/prepareRename", SPEC, "y =", "+"), Value::Null);
    let params = json!({ "textDocument": { "uri": URI }, "position": place(SPEC, "unit", "bn") });
    let answer = editor.answer("textDocument/prepareRename", params);
    assert_eq!(answer["error"]["message"], "`bn` is a built-in layer, and keeps its name");
    editor.goodbye();
}

/// A chain's name is part of its tensors' names: an editor that can asks before it goes on.
#[test]
fn a_new_name_that_changes_weight_files_is_told() {
    let (mut editor, _) = Editor::with(json!({ "workspace": { "workspaceEdit": {
        "documentChanges": true, "changeAnnotationSupport": {} } } }));
    editor.open(SPEC);
    let mut renamed = |after: &str, word: &str, new: &str| {
        let position = place(SPEC, after, word);
        let params = json!({
            "textDocument": { "uri": URI }, "position": position, "newName": new });
        editor.ask("textDocument/rename", params)
    };
    let answer = renamed("y =", "F", "G");
    let edits = &answer["documentChanges"][0]["edits"];
    let id = edits[0]["annotationId"].as_str().expect("an annotation");
    let told = &answer["changeAnnotations"][id];
    assert_eq!(told["needsConfirmation"], true, "{answer}");
    assert_eq!(told["label"], "Renames 30 tensors in weight files");
    let description = told["description"].as_str().expect("a description");
    assert!(
        description.starts_with("units.1.F.bn1.weight becomes units.1.G.bn1.weight"),
        "{description}"
    );
    assert_eq!(edited(SPEC, edits), SPEC.replace("F = ", "G = ").replace("F(x)", "G(x)"));
    // A unit's name, and a parameter's, are in no file.
    for (after, word) in [("unit", "preact"), ("unit", "stride")] {
        let answer = renamed(after, word, "other");
        assert!(answer["changes"][URI].is_array(), "{answer}");
        assert!(answer.get("changeAnnotations").is_none(), "{answer}");
    }
    editor.goodbye();
}

#[test]
fn outlines_are_trees_or_lists() {
    let params = json!({ "textDocument": { "uri": URI } });
    let mut editor = Editor::new();
    editor.open(SPEC);
    let tree = editor.ask("textDocument/documentSymbol", params.clone());
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().expect("a list").iter();
        list.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&tree), ["preact", "small"]);
    assert_eq!(names(&tree[0]["children"]), ["width", "stride", "F", "h", "y"]);
    assert_eq!(names(&tree[1]["children"]), ["classes"]);
    let end = |line: u32, character: u32| json!({ "line": line, "character": character });
    assert_eq!((&tree[0]["range"]["end"], &tree[1]["range"]["end"]), (&end(4, 1), &end(9, 1)));
    assert_eq!(tree[0]["children"][3]["range"]["end"], end(2, 39));
    assert_eq!(tree[0]["children"][3]["selectionRange"]["end"], end(2, 5));
    editor.goodbye();
    let (mut editor, _) = Editor::with(json!({}));
    editor.open(SPEC);
    let list = editor.ask("textDocument/documentSymbol", params);
    assert_eq!(names(&list)[..3], ["preact", "width", "stride"]);
    assert_eq!(list[1]["containerName"], "preact");
    editor.goodbye();
}

#[test]
fn shapes_stand_behind_the_stages() {
    let mut editor = Editor::new();
    editor.open(SPEC);
    let wanted = "\
unit preact(width, stride = 1) {
    F = bn⟨16×32×32⟩ -> relu⟨16×32×32⟩ -> conv(3x3, width, stride: stride)⟨16×32×32, first of 2⟩ \
-> bn⟨16×32×32, first of 2⟩ -> relu⟨16×32×32, first of 2⟩ -> conv(3x3, width)⟨16×32×32, first of 2⟩
    h = shortcut(width, stride: stride)⟨16×32×32, first of 2⟩
    y = h(x) + F(x)⟨16×32×32, first of 2⟩
}

net small(classes = 10) {
    input(3, 32, 32)⟨3×32×32⟩ -> conv(3x3, 16)⟨16×32×32⟩ -> preact(16) * 2⟨16×32×32⟩ \
-> preact(32, stride: 2)⟨32×16×16⟩
    -> bn⟨32×16×16⟩ -> relu⟨32×16×16⟩ -> global_avg_pool⟨32×1×1⟩ -> linear(classes)⟨10×1×1⟩
}
";
    assert_eq!(editor.hinted(SPEC), wanted);
    let repeated = "net n(k = 2) {
    input(3, 32, 32) -> (conv(3x3, 8, stride: 2) -> bn) * k -> bn * 0 -> global_avg_pool -> linear(2)
}";
    editor.change(repeated);
    let wanted = "net n(k = 2) {
    input(3, 32, 32)⟨3×32×32⟩ -> (conv(3x3, 8, stride: 2)⟨8×16×16, first of 2⟩ \
-> bn⟨8×16×16, first of 2⟩) * k⟨8×8×8⟩ -> bn * 0⟨8×8×8⟩ -> global_avg_pool⟨8×1×1⟩ -> linear(2)⟨2×1×1⟩
}";
    assert_eq!(editor.hinted(repeated), wanted);
    let inner = "unit a(w) { G = bn -> relu y = G(x) }
unit b(w) { F = a(w) -> conv(1x1, w) y = x + F(x) f = relu }
net n { input(4, 8, 8) -> b(4) -> global_avg_pool -> linear(2) }";
    editor.change(inner);
    let hinted = editor.hinted(inner);
    assert!(hinted.contains("relu⟨4×8×8⟩ y = G(x)⟨4×8×8⟩ }"), "{hinted}");
    assert!(hinted.contains("F = a(w)⟨4×8×8⟩ -> conv(1x1, w)⟨4×8×8⟩ y"), "{hinted}");
    assert!(hinted.contains("f = relu⟨4×8×8⟩ }"), "{hinted}");
    // Shapes are counted, not how often a chain is applied.
    let twice = "unit a(w, stride = 1) { F = relu -> conv(1x1, w, stride: stride)  h = shortcut(w, stride: stride)
    y = h(x) + F(x) + F(x) }
net n { input(4, 8, 8) -> a(4) * 3 -> a(8, stride: 2) -> a(8) -> global_avg_pool -> linear(2) }";
    editor.change(twice);
    let hinted = editor.hinted(twice);
    assert!(hinted.contains("stride: stride)⟨4×8×8, first of 2⟩  h"), "{hinted}");
    let many = "unit a(w) { F = conv(1x1, w)  h = shortcut(w)  y = h(x) + F(x) }
net n { input(4, 8, 8) -> a(4) -> a(8) -> a(16) -> a(32) -> a(64) -> a(128) -> global_avg_pool -> linear(2) }";
    editor.change(many);
    assert!(editor.hinted(many).contains("conv(1x1, w)⟨4×8×8, first of several⟩"));
    let broken = SPEC.replace("h(x) + F(x)", "h(x) +");
    editor.change(&broken);
    assert_eq!(editor.hinted(&broken), broken, "no hints of an older text");
    editor.goodbye();
}

#[test]
fn signatures_know_the_argument_being_written() {
    let mut editor = Editor::new();
    let text = SPEC
        .replace("-> bn -> relu -> global", "-> preact(32, ) -> global")
        .replace("preact(32, stride: 2)", "preact(stride: 2, width: 32)");
    editor.open(&text);
    let mut active = |after: &str, word: &str| {
        let help = editor.at("textDocument/signatureHelp", &text, after, word);
        let signature = &help["signatures"][0];
        let label = signature["label"].as_str().unwrap_or("none").to_owned();
        let at = help["activeParameter"].as_u64().unwrap_or(0) as usize;
        let [start, end] =
            [0, 1].map(|i| signature["parameters"][at]["label"][i].as_u64().unwrap_or(0) as usize);
        let units: Vec<u16> = label.encode_utf16().collect();
        (label, String::from_utf16(&units[start..end]).expect("a text"))
    };
    let conv = "conv(kernel, width, [stride: …], [padding: …], [bias: …], [groups: …], \
                [dilation: …], [init: …], [gain: …])"
        .to_owned();
    assert_eq!(active("F =", "3x3"), (conv.clone(), "kernel".to_owned()), "by place");
    assert_eq!(active("F =", "width"), (conv.clone(), "width".to_owned()));
    assert_eq!(active("F =", "stride)"), (conv, "[stride: …]".to_owned()), "by name");
    let preact = "preact(width, stride = 1)".to_owned();
    assert_eq!(active("16) * 2", "2,"), (preact.clone(), "stride = 1".to_owned()));
    assert_eq!(active("-> preact(32, )", ")"), (preact, "stride = 1".to_owned()));
    assert_eq!(active("y =", "x)").0, "none", "a chain is applied");
    assert_eq!(active("F =", "bn").0, "none");
    editor.goodbye();
    let (mut editor, _) = Editor::with(json!({}));
    editor.open(SPEC);
    let help = editor.at("textDocument/signatureHelp", SPEC, "F =", "3x3");
    assert_eq!(help["signatures"][0]["parameters"][2]["label"], "[stride: …]");
    editor.goodbye();
}

#[test]
fn warnings_are_allowed_where_they_stand() {
    let mut editor = Editor::new();
    for ending in ["\n", "\r\n"] {
        let text = SPEC.replace("y = h(x)", "y = 0.5 * h(x)").replace('\n', ending);
        assert_eq!(editor.open(&text).len(), 1);
        let (title, new) = editor.actions(&text, 3, "quickfix").remove(0);
        assert_eq!(title, "allow W0003 in this file");
        let line = format!("    // allow W0003: {ending}    y = 0.5");
        assert_eq!(new, text.replace("    y = 0.5", &line));
        assert_eq!(editor.open(&new), Vec::<Value>::new(), "that is how the language wants it");
        editor.open(&text);
        assert_eq!(editor.actions(&text, 3, "refactor"), [], "another kind is asked for");
        assert_eq!(editor.actions(&text, 1, "quickfix"), [], "nothing stands there");
    }
    let text = SPEC.replace("relu -> conv", "covn");
    editor.open(&text);
    let titles: Vec<_> = editor.actions(&text, 1, "").into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, ["replace with `conv`"; 2], "errors are mended, not allowed");
    editor.goodbye();
}

#[test]
fn places_are_counted_as_the_protocol_counts() {
    let mut editor = Editor::new();
    let crabs = |text: &str| text.replace(" + F(x)", " + // 🦀é→🦀\n F(x)");
    let one_line = "unit u(w) { F = conv(3x3, w) y = x + F(x) } // 🦀\nnet n { input(3, 8, 8) -> u(w: 3) \
        -> global_avg_pool -> linear(2) } // é";
    for text in [
        crabs(SPEC),
        crabs(SPEC).replace('\n', "\r\n"),
        format!("\u{feff}{}", crabs(SPEC)),
        format!("\u{feff}{one_line}").replace('\n', "\r\n"),
    ] {
        assert_eq!(editor.open(&text), Vec::<Value>::new(), "{text}");
        let by_hand = text.replace("F", "residual");
        assert_eq!(editor.rename(&text, "F =", "F", "residual"), Ok(by_hand));
        let hinted = editor.hinted(&text);
        let classes =
            if text.contains("classes") { "(classes)⟨10×1×1⟩" } else { "(2)⟨2×1×1⟩ }" };
        assert!(hinted.contains(classes), "{hinted}");
    }
    let found = editor.open("unit u { y = 🦀 }");
    let range = &found[0]["range"];
    assert_eq!(
        (&range["start"]["character"], &range["end"]["character"]),
        (&json!(13), &json!(15))
    );
    editor.goodbye();
}
