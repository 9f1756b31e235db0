//! What stands where in a unit: of every spec of this repository as blessed in anatomy.txt
//! (`RNETC_BLESS=1` writes it anew), of units for each case that `network::anatomy` documents, and
//! whatever bindings are called.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::network;
use rnetc::drawing;
use rnetc::network::anatomy::{Body, Place, Site, Step, places, sites};
use rnetc::network::{Activation, Edge, Layer, Network};
use rnetc::picture::{Face, Shape};
use rnetc::sema::{self, Compiled};
use rnetc::source::Source;

const SIGMOID: Layer = Layer::Activation(Activation::Sigmoid);
const TANH: Layer = Layer::Activation(Activation::Tanh);

/// Every spec's name and text, in the order of the names.
fn specs() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let paths = std::fs::read_dir(folder).expect("specs").map(|entry| entry.expect("entry").path());
    let specs = paths.filter(|path| path.extension().is_some_and(|ending| ending == "rnet"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).expect("a spec"))
    };
    specs.map(read).collect()
}

fn compiled(name: &str, text: &str) -> Compiled {
    let source = Source::new(name, text);
    sema::compile(&source, &[]).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"))
}

#[test]
fn every_spec_has_the_anatomy_that_is_blessed() {
    let mut text = String::new();
    for (name, spec) in specs() {
        let network = compiled(&name, &spec).network;
        text += &format!("{name}\n");
        let mut seen = HashSet::new();
        for site in sites(&network) {
            let [from, to] = site.shapes;
            if seen.insert((site.name.clone(), from, to)) {
                text += &format!("    {} {from} → {to}: {site}\n", site.name);
            }
        }
        let on = |place| places(&network).iter().filter(|&&at| at == place).count();
        let [outside, branch, shortcut] = [Place::Outside, Place::Branch, Place::Shortcut].map(on);
        text +=
            &format!("    modules: {outside} outside, {branch} in F, {shortcut} on shortcuts\n");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language/anatomy.txt");
    if std::env::var_os("RNETC_BLESS").is_some() {
        std::fs::write(path, text).expect("write");
    } else {
        assert_eq!(std::fs::read_to_string(path).expect("blessed"), text);
    }
}

/// The net around a unit that reads and writes 4×8×8.
fn around(unit: &str) -> Network {
    network(&format!(
        "// allow W0001 W0002 W0003: for a test
        unit squeeze {{ s = (global_avg_pool -> linear(2) -> relu -> linear(4) -> sigmoid)(x)
            y = s * x }}
        unit inner {{ F = conv(3x3, 4)  y = x + F(x) }}
        unit cut {{ F = conv(3x3, 4)  y = x + F(x)  f = relu }}
        unit u {{ F = bn -> relu -> conv(3x3, 4)  G = conv(3x3, 4) -> tanh
            g = conv(1x1, 4, bias: -1) -> sigmoid  {unit} }}
        net n {{ input(4, 8, 8) -> u -> global_avg_pool -> linear(2) }}"
    ))
}

/// Steps, without what they are done by.
fn step(step: &Step) -> String {
    match step {
        Step::Scaled(by) => format!("{by}"),
        Step::Gated(gate) => (if gate.complement { "1 - g" } else { "g" }).into(),
        Step::Convolved(_) => "convolved".into(),
        Step::Normalised(_) => "normalised".into(),
        other => other.to_string(),
    }
}

/// `steps of h | factor and gates of each branch`
fn shape(site: &Site) -> String {
    let joined = |words: Vec<String>| words.join(", ");
    match &site.body {
        Body::Residual(residual) => {
            let steps = residual.shortcut.steps.iter().map(step).collect();
            let branch = |branch: &rnetc::network::anatomy::Branch| {
                let gates = branch.gates.iter().map(|gate| step(&Step::Gated(*gate)));
                let words = std::iter::once(branch.term.factor.to_string()).chain(gates);
                words.collect::<Vec<_>>().join(" ")
            };
            let branches = residual.branches.iter().map(branch).collect();
            format!("{} | {}", joined(steps), joined(branches))
        }
        Body::Carried(shortcut) => joined(shortcut.steps.iter().map(step).collect()),
        Body::Chain => "chain".into(),
    }
}

#[test]
fn the_documented_cases() {
    for (unit, want) in [
        ("y = x + F(x)", " | 1"),
        ("y = F(x) + x", " | 1"),
        ("y = x - F(x)", " | -1"),
        ("y = F(x) - x", "-1 | 1"),
        ("y = 2 * (x + F(x))", "2 | 2"),
        ("y = -(x - F(x) / 2)", "-1 | 1"),
        ("y = 0.5 * x + 0.5 * F(x)", "0.5 | 1"),
        ("y = x / 4 + F(x)", "0.25 | 1"),
        ("y = x + F(x) + 1", " | 1"),
        ("y = x + F(x) + G(x)", " | 1, 1"),
        ("y = F(x) - (x + G(x)) + x", "-1 | 1, -1"),
        ("y = (1 - g(x)) * x + g(x) * F(x)", "1 - g | 1 g"),
        ("y = F(x) * g(x) + x * (1 - g(x))", "1 - g | 1 g"),
        ("y = 0.5 * ((1 - g(x)) * x) + g(x) * F(x) * 0.5", "1 - g, 0.5 | 1 g"),
        ("y = g(x) * x + (1 - g(x)) * F(x)", "g | 1 1 - g"),
        ("y = (1 - g(x)) * x + F(x)", "1 - g | 1"),
        ("y = x + g(x) * F(x)", " | 1 g"),
        (
            "h = conv(1x1, 4) -> bn  y = (1 - g(x)) * h(x) + g(x) * F(x)",
            "convolved, normalised, 1 - g | 1 g",
        ),
        // As many weights and more layers than in the gate.
        (
            "h = conv(1x1, 4) -> bn -> relu -> dropout(0.5)  y = (1 - g(x)) * h(x) + F(x)",
            "convolved, normalised, rectified, dropped, 1 - g | 1",
        ),
        ("y = sigmoid(x) * x + F(x)", "g | 1"),
        ("y = conv(1x1, 4)(x) + F(x)", "convolved | 1"),
        ("y = (conv(1x1, 4) -> conv(1x1, 4))(x) + F(x)", "chain"),
        ("y = dropout(0.5)(x) + F(x)", "dropped | 1"),
        ("y = x + drop_path(0.5)(F(x))", " | 1"),
        ("y = (1 - g(x)) * x + drop_path(0.5)(g(x) * F(x))", "1 - g | 1 g"),
        ("y = relu(x) + F(x)", "rectified | 1"),
        ("y = tanh(x) + F(x)", "squashed | 1"),
        ("y = global_avg_pool(x) + F(x)", "pooled | 1"),
        ("y = max_pool(3, 1, 1)(x) + F(x)", "pooled | 1"),
        ("a = (bn -> relu)(x)  y = a + G(a)", "normalised, rectified | 1"),
        ("a = (bn -> relu)(x)  y = x + G(a)", " | 1"),
        ("y = x + conv(1x1, 4)(x)", " | 1"),
        ("y = x + concat(slice_channels(0, 2)(F(x)), slice_channels(2)(G(x)))", " | 1"),
        ("y = slice_channels(0, 1)(x) + F(x)", "some of its channels | 1"),
        ("y = pad_pixels(top: 1, bottom: -1)(x) + F(x)", "cropped and padded | 1"),
        (
            "y = pad_pixels(top: -1, bottom: -1)(x) + pad_pixels(top: -1, bottom: -1)(F(x))",
            "cropped | 1",
        ),
        ("y = pad_pixels(1)(x) + F(pad_pixels(1)(x))", "padded | 1"),
        ("y = 1 * x / 1 + F(x)", " | 1"),
        (
            "y = concat(slice_channels(2)(x), slice_channels(0, 2)(x)) + F(x)",
            "some of its channels, some of its channels, joined with other channels | 1",
        ),
        ("y = x + squeeze(F(x))", " | 1 g"),
        ("y = squeeze(x) + F(x)", "g | 1"),
        ("y = x + (inner -> inner)(x)", " | 1, 1"),
        ("y = x + (cut -> cut)(x)", " | 1"),
        ("y = inner(x)", " | 1"),
        ("y = x", ""),
        ("y = x + x", ""),
        ("y = 2 * x", "2"),
        ("y = g(x) * x", "g"),
        ("y = x + 1", ""),
        ("y = conv(1x1, 4)(x) + conv(1x1, 4)(x)", "convolved, convolved"),
        ("y = F(x)", "chain"),
        ("y = relu(x)", "chain"),
        ("y = conv(1x1, 4)(x)", "chain"),
        ("y = 1 / (2 + x) + F(x)", "chain"),
        ("y = F(x) + G(x)", "chain"),
    ] {
        let network = around(unit);
        let site = &sites(&network)[0];
        assert_eq!(shape(site), want, "{unit}: {site}");
    }
}

#[test]
fn the_way_of_x_leads_from_x_to_y_and_f_from_y_on() {
    for (name, spec) in specs() {
        let network = compiled(&name, &spec).network;
        for site in sites(&network) {
            let reads = |user, arg| network.value(user).args.contains(&arg);
            for (from, way, to) in
                [(site.input, &site.way, site.sum), (site.sum, &site.after, site.output)]
            {
                let mut at = from;
                for &value in way {
                    assert!(reads(value, at), "{name}: {value} does not read {at}");
                    at = value;
                }
                assert_eq!(at, to, "{name}");
            }
            let Some(residual) = site.residual() else { continue };
            let arg = |edge: Edge| network.value(edge.user).args[edge.slot];
            let terms =
                residual.shortcut.terms.iter().chain(residual.branches.iter().map(|b| &b.term));
            assert!(terms.clone().all(|term| arg(term.edge) == term.value), "{name}");
            assert!(terms.clone().all(|term| term.value <= site.sum), "{name}");
        }
    }
}

#[test]
fn what_deletes_a_unit_is_the_gate_where_it_closes_the_shortcut() {
    let gate = |unit: &str| {
        let network = around(unit);
        let residual = sites(&network)[0].residual().expect("a shortcut").clone();
        let read =
            |edge: &Edge| network.value(network.value(edge.user).args[edge.slot]).layer.clone();
        residual.deletion.iter().map(read).collect::<Vec<_>>()
    };
    assert_eq!(gate("y = (1 - g(x)) * x + g(x) * F(x)"), [SIGMOID, SIGMOID]);
    assert_eq!(gate("y = 2 * ((1 - g(x)) * x + F(x) * g(x))"), [SIGMOID, SIGMOID]);
    assert!(matches!(gate("y = (1 - g(x)) * x + F(x)")[..], [Layer::Conv { .. }]));
    assert!(matches!(gate("y = x + G(x) - F(x)")[..], [TANH, Layer::Conv { .. }]));
}

#[test]
fn modules_stand_where_their_layers_do() {
    let place = |unit: &str| {
        let network = around(unit);
        let placed = network.modules.iter().zip(places(&network));
        let words = placed.filter(|(_, place)| *place != Place::Outside).map(|(module, place)| {
            format!("{} {place:?}", module.name.trim_start_matches("units.1."))
        });
        let mut words: Vec<String> = words.collect();
        words.sort();
        words.join(", ")
    };
    assert_eq!(
        place("q = conv(1x1, 4) -> bn  y = q(x) + G(x)"),
        "G.conv Branch, q.bn Shortcut, q.conv Shortcut"
    );
    // What both need is F's; so is a gate.
    assert_eq!(
        place("a = (bn -> relu)(x)  q = conv(1x1, 4)  y = q(a) + G(a)"),
        "G.conv Branch, a.bn Branch, q.conv Shortcut"
    );
    assert_eq!(place("y = (1 - g(x)) * x + G(x)"), "G.conv Branch, g.conv Branch");
    assert_eq!(place("q = conv(1x1, 4)  y = q(x) + G(q(x))"), "G.conv Branch, q.conv Branch");
    assert_eq!(place("y = G(x)"), "G.conv Branch");
}

/// The text with its bindings called otherwise: F and h change names, others get strange ones.
fn renamed(text: &str) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or("").trim().to_owned();
    let binding = |line: &str| {
        let name = line.strip_prefix("let ").unwrap_or(line).split_once(" = ")?.0.to_owned();
        let word = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        // A layer's argument of the same name keeps it.
        let argument =
            name.len() > 1 && text.lines().any(|line| code(line).contains(&format!("{name}: ")));
        (word && !argument && !["y", "f"].contains(&name.as_str())).then_some(name)
    };
    let names: HashSet<String> = text.lines().filter_map(|line| binding(&code(line))).collect();
    let other = |word: &str| match word {
        "F" => "h".to_owned(),
        "h" => "F".to_owned(),
        word => format!("strange_{word}"),
    };
    let line = |line: &str| {
        if line.trim_start().starts_with("//") {
            return line.to_owned();
        }
        let (mut out, mut word) = (String::new(), String::new());
        for c in line.chars().chain(['\n']) {
            if c.is_alphanumeric() || c == '_' {
                word.push(c);
                continue;
            }
            out += &if names.contains(&word) { other(&word) } else { word.clone() };
            word.clear();
            out.push(c);
        }
        out.trim_end().to_owned()
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What a drawing says and how many lines it has, without the names beside its boxes, which take
/// room.
fn unlabelled(network: &Network) -> (Vec<String>, usize) {
    let picture = drawing::picture(network);
    let said = |shape: &Shape| match shape {
        Shape::Text(text) if text.face != Face::Italic => Some(text.words.clone()),
        _ => None,
    };
    let lines = picture.shapes.iter().filter(|shape| matches!(shape, Shape::Line { .. }));
    (picture.shapes.iter().filter_map(said).collect(), lines.count())
}

#[test]
fn names_of_bindings_mean_nothing() {
    for (name, text) in specs() {
        let other = renamed(&text);
        let (plain, renamed) = (compiled(&name, &text), compiled(&name, &other));
        // Without what is allowed, there are warnings to compare.
        let loud = |text: &str| compiled(&name, &text.replace("// allow", "// not")).warnings;
        let said = |text: &str| -> Vec<_> {
            loud(text).into_iter().map(|w| (w.code, w.message, w.hint)).collect()
        };
        assert_eq!(said(&text), said(&other), "{name}");
        let (plain, renamed) = (plain.network, renamed.network);
        let differ = plain.modules.iter().zip(&renamed.modules).any(|(a, b)| a.name != b.name);
        let bound = plain.units.iter().any(|unit| !unit.bindings.is_empty());
        assert!(differ || !bound, "{name} is not renamed:\n{other}");
        assert_eq!(sites(&plain).len(), sites(&renamed).len());
        for (a, b) in sites(&plain).into_iter().zip(sites(&renamed)) {
            // A layer's site is called after its module.
            assert_eq!(a, Site { name: a.name.clone(), ..b }, "{name}");
        }
        assert_eq!(places(&plain), places(&renamed), "{name}");
        assert_eq!(unlabelled(&plain), unlabelled(&renamed), "{name}");
    }
}

/// What a unit does to its sum may be written as f or around the sum: the same unit.
#[test]
fn what_is_done_to_a_sum_is_f_however_it_is_written() {
    let net = |unit: &str| {
        let text = format!(
            "unit u(width) {{ F = conv(3x3, width) -> bn\n h = conv(1x1, width)\n {unit} }}
             net n(classes = 2) {{
                 input(3, 8, 8) -> conv(3x3, 4) -> u(4) * 2 -> global_avg_pool -> linear(classes)
             }}"
        );
        let network = compiled("u.rnet", &text).network;
        let found = sites(&network);
        let parts = |site: &Site| (site.input, site.sum, site.output, site.body.clone());
        (found.iter().map(parts).collect::<Vec<_>>(), found.iter().map(|s| s.after.len()).max())
    };
    for (around, behind) in [
        ("y = relu(h(x) + F(x))", "y = h(x) + F(x)\n f = relu"),
        ("y = relu(x + F(x))", "y = x + F(x)\n f = relu"),
        ("out = bn -> relu\n y = out(h(x) + F(x))", "y = h(x) + F(x)\n f = bn -> relu"),
        ("s = x - F(x)\n out = bn\n y = out(s)", "y = x - F(x)\n f = bn"),
    ] {
        let (around, behind) = (net(around), net(behind));
        assert_eq!(around, behind);
        assert!(around.0.iter().all(|(.., body)| matches!(body, Body::Residual(_))), "{around:?}");
    }
    // Nothing that keeps x is added here: y stays what it is.
    let (plain, _) = net("G = conv(3x3, width)\n y = relu(G(x) + F(x))");
    assert!(plain.iter().all(|(.., body)| *body == Body::Chain), "{plain:?}");
}
