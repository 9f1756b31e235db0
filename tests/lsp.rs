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
    fn new() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rnetc"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut editor = Self { child, to, from, last: 0 };
        let answer = editor.ask("initialize", json!({ "capabilities": {} }));
        assert_eq!(answer["capabilities"]["hoverProvider"], true, "{answer}");
        editor.note("initialized", json!({}));
        editor
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
        self.last += 1;
        let id = self.last;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.read();
        assert_eq!(answer["id"], id, "{answer}");
        answer["result"].clone()
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
        let start = text.find(after).expect(after);
        let at = start + text[start..].find(word).expect(word);
        let line = text[..at].matches('\n').count();
        let column = at - text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let position = json!({ "line": line, "character": column });
        self.ask(method, json!({ "textDocument": { "uri": URI }, "position": position }))
    }

    fn goodbye(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.note("exit", Value::Null);
        assert!(self.child.wait().expect("it ends").success());
    }
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
        ["F", "width", "x", "index", "preact", "conv", "project"]
            .iter()
            .all(|name| in_unit.contains(&(*name).to_owned()))
    );
    let in_net = labels("net", "input");
    assert!(in_net.contains(&"classes".to_owned()) && !in_net.contains(&"x".to_owned()));
    assert_eq!(labels("h = shortcut", "width")[..4], ["width", "stride", "kind", "bn"]);
    assert_eq!(labels("preact(32", "32")[..2], ["width", "stride"]);
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
    for text in
        ["", "\0", "unit", "unit u(", "net n { conv(", "🦀 unit 🦀 = (", "}}}", "unit unit ="]
    {
        editor.open(text);
        for character in [0, 3, 99] {
            let position = json!({ "line": 0, "character": character });
            let params = json!({ "textDocument": { "uri": URI }, "position": position });
            for what in ["hover", "definition", "completion"] {
                editor.ask(&format!("textDocument/{what}"), params.clone());
            }
        }
    }
    editor.goodbye();
}
