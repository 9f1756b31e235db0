//! A trained network as an ONNX model, operator set 13, in NCHW.
//!
//! A linear layer over C×H×W is a convolution whose window is the whole picture, as in the graph.

use crate::network::{
    BinaryOp, Layer, ModuleId, ModuleKind, Network, Part, PoolKind, Value, ValueId,
};
use crate::protobuf::Message;
use crate::train::layout;
use crate::train::tensors::{self, Tensor, Values};

mod activation;
mod norm;
mod windows;

const IR_VERSION: u64 = 8;
const OPERATORS: u64 = 13;
const FLOAT: u64 = 1;
const INT64: u64 = 7;

/// What stands beside the model: names with texts.
pub type Notes = Vec<(String, String)>;

/// Bytes of weights that fit into a file beside the graph: protobuf's messages have at most 2 GiB.
pub const MOST_WEIGHTS: u64 = (1 << 31) - (64 << 20);

/// Bytes of a network's weights.
pub fn weights_bytes(network: &Network) -> u64 {
    tensors::of(network).iter().map(|tensor| 4 * tensor.shape.len() as u64).sum()
}

/// The model's bytes. The input `images` takes any number of standardised pictures, N×C×H×W; the
/// output `logits` is N×classes. Values whose name the network lacks are left out.
pub fn model(network: &Network, values: &Values, notes: &Notes) -> Vec<u8> {
    let mut model = Message::default()
        .int(1, IR_VERSION)
        .bytes(2, "rnetc")
        .bytes(3, env!("CARGO_PKG_VERSION"))
        .message(7, graph(network, values))
        .message(8, Message::default().bytes(1, "").int(2, OPERATORS));
    for (name, text) in notes {
        model = model.message(14, Message::default().bytes(1, name).bytes(2, text));
    }
    model.into_bytes()
}

fn graph(network: &Network, values: &Values) -> Message {
    let mut writer = Writer { graph: Message::default(), constants: 0 };
    for (tensor, id) in tensors::of(network).into_iter().zip(network.tensors().map(|t| t.id)) {
        if let Some(data) = values.get(&tensor.name) {
            writer.weights(&tensor, network.module(id.module).kind.is_spread(), data);
        }
    }
    for (index, value) in network.values.iter().enumerate() {
        writer.layer(network, value, ValueId(index as u32));
    }
    let axis = |name, value| attribute_int(name, value);
    writer.node("Flatten", &[name(network, network.output)], "logits", vec![axis("axis", 1)]);
    let shape = network.value(network.input).shape;
    let images = [shape.c, shape.h, shape.w];
    writer
        .graph
        .bytes(2, &network.name)
        .message(11, described("images", &images))
        .message(12, described("logits", &[network.classes()]))
}

struct Writer {
    graph: Message,
    constants: usize,
}

impl Writer {
    /// Multiplies by a number.
    fn scaled(&mut self, mut arguments: Vec<String>, by: f64, out: &str) {
        arguments.push(self.constant(FLOAT, &[], &(by as f32).to_le_bytes()));
        self.node("Mul", &arguments, out, vec![]);
    }

    fn layer(&mut self, network: &Network, value: &Value, id: ValueId) {
        let arguments: Vec<String> = value.args.iter().map(|&a| name(network, a)).collect();
        let out = name(network, id);
        let same = |writer: &mut Self, op: &str| writer.node(op, &arguments, &out, vec![]);
        match value.layer {
            Layer::Input => {}
            Layer::Const(number) => {
                self.initializer(&out, FLOAT, &[], &(number as f32).to_le_bytes())
            }
            Layer::Conv { module, slide } => {
                let mut attributes = windows::sliding(slide);
                if let ModuleKind::Conv { groups: groups @ 2.., .. } = network.module(module).kind {
                    attributes.push(attribute_int("group", groups));
                }
                self.node("Conv", &weighted(network, &arguments, module), &out, attributes);
            }
            Layer::Linear { module } => {
                let arguments = weighted(network, &arguments, module);
                self.node("Conv", &arguments, &out, vec![]);
            }
            Layer::BatchNorm { module, epsilon, .. } => {
                let arguments = [arguments, self.batch_norm(network, module)].concat();
                let epsilon = attribute("epsilon", 1, Message::default().float(2, epsilon as f32));
                self.node("BatchNormalization", &arguments, &out, vec![epsilon]);
            }
            Layer::Norm { module, over, epsilon } => {
                self.image_norm(network, value, (&arguments[0], &out), (module, over, epsilon));
            }
            Layer::Scale { module } => {
                self.node("Mul", &weighted(network, &arguments, module), &out, vec![]);
            }
            Layer::Shift { module } => {
                self.node("Add", &weighted(network, &arguments, module), &out, vec![]);
            }
            Layer::Scalar { module } => {
                self.node("Identity", &weighted(network, &arguments, module), &out, vec![]);
            }
            Layer::Activation(function) => self.activation(function, &arguments[0], &out),
            Layer::Dropout { inverted: true, .. }
            | Layer::DropPath { inverted: true, .. }
            | Layer::Detach => same(self, "Identity"),
            Layer::Random { evaluation, .. } => {
                self.initializer(&out, FLOAT, &[], &(evaluation as f32).to_le_bytes())
            }
            Layer::Dropout { p, inverted: false } | Layer::DropPath { p, inverted: false, .. } => {
                self.scaled(arguments, 1.0 - p, &out);
            }
            Layer::Live { units, of, .. } => {
                self.scaled(arguments, units as f64 / of as f64, &out);
            }
            Layer::Binary(op) => same(
                self,
                match op {
                    BinaryOp::Add => "Add",
                    BinaryOp::Sub => "Sub",
                    BinaryOp::Mul => "Mul",
                    BinaryOp::Div => "Div",
                    BinaryOp::Max => "Max",
                    BinaryOp::Min => "Min",
                },
            ),
            Layer::Concat => self.node("Concat", &arguments, &out, vec![attribute_int("axis", 1)]),
            Layer::ChannelPool(kind) => {
                let op = match kind {
                    PoolKind::Max => "ReduceMax",
                    PoolKind::Avg => "ReduceMean",
                };
                self.node(op, &arguments, &out, vec![attribute_ints("axes", &[1])]);
            }
            Layer::GlobalPool(PoolKind::Avg) => same(self, "GlobalAveragePool"),
            Layer::GlobalPool(PoolKind::Max) => same(self, "GlobalMaxPool"),
            Layer::Pool { kind, window, slide, counted } => {
                self.pool(kind, window, (slide, counted), arguments, &out);
            }
            Layer::BlurPool { size, stride } => {
                self.blur(size, stride, (arguments, value.shape.c), &out);
            }
            Layer::Upsample { kind, factor } => self.resize(kind, factor, arguments, &out),
            Layer::PadPixels { padding } => {
                let pads = self.pads(padding);
                self.node("Pad", &[arguments, vec![pads]].concat(), &out, vec![]);
            }
            Layer::Subsample { stride } => {
                let step = stride as i64;
                let bounds = [[0, 0], [i64::MAX, i64::MAX], [2, 3], [step, step]];
                let bounds = bounds.map(|pair| self.integers(&pair));
                self.node("Slice", &[arguments, bounds.to_vec()].concat(), &out, vec![]);
            }
            Layer::SliceChannels { start } => {
                let bounds = [start, start + value.shape.c, 1].map(|n| self.integers(&[n as i64]));
                self.node("Slice", &[arguments, bounds.to_vec()].concat(), &out, vec![]);
            }
            Layer::PadChannels { channels, before } => {
                let had = value.args.first().map_or(channels, |&a| network.value(a).shape.c);
                let behind = (channels - had - before) as i64;
                let pads = self.integers(&[0, before as i64, 0, 0, 0, behind, 0, 0]);
                self.node("Pad", &[arguments, vec![pads]].concat(), &out, vec![]);
            }
        }
    }

    /// The four tensors of a batch norm; ones and zeros stand for γ and β that are left out.
    fn batch_norm(&mut self, network: &Network, module: ModuleId) -> Vec<String> {
        let own: Vec<Tensor> =
            network.tensors_of(module).map(|tensor| Tensor::of(network, &tensor)).collect();
        let channels = own.first().map_or(0, |tensor| tensor.shape.len());
        let ids = network.tensors_of(module).map(|tensor| tensor.id.part);
        let named: Vec<(Part, &str)> = ids.zip(own.iter().map(|t| t.name.as_str())).collect();
        let parts = [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVariance];
        let each = parts.map(|part| match named.iter().find(|(own, _)| *own == part) {
            Some((_, name)) => (*name).to_owned(),
            None => {
                let number = if part == Part::Weight { 1f32 } else { 0.0 };
                self.constant(FLOAT, &[channels], &number.to_le_bytes().repeat(channels))
            }
        });
        each.to_vec()
    }

    fn node(&mut self, op: &str, inputs: &[String], out: &str, attributes: Vec<Message>) {
        let mut node = Message::default();
        for input in inputs {
            node = node.bytes(1, input);
        }
        node = node.bytes(2, out).bytes(3, format!("make {out}")).bytes(4, op);
        for attribute in attributes {
            node = node.message(5, attribute);
        }
        self.graph = std::mem::take(&mut self.graph).message(1, node);
    }

    fn weights(&mut self, tensor: &Tensor, spread: bool, data: &[f32]) {
        let shape = tensor.shape;
        let data = layout::to_checkpoint(tensor.kind, shape, data);
        let bytes: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        let [rows, columns, inputs, outputs] = shape.0;
        let dims = match tensor.kind {
            layout::Kind::Convolution | layout::Kind::Linear => {
                vec![outputs, inputs, rows, columns]
            }
            // Arithmetic lines up the last axes, and channels are not the last here.
            layout::Kind::Vector if spread => vec![1, outputs, 1, 1],
            layout::Kind::Vector => vec![outputs],
        };
        self.initializer(&tensor.name, FLOAT, &dims, &bytes);
    }

    fn integers(&mut self, values: &[i64]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(INT64, &[values.len()], &bytes)
    }

    fn constant(&mut self, element: u64, dims: &[usize], bytes: &[u8]) -> String {
        self.constants += 1;
        let name = format!("constant{}", self.constants);
        self.initializer(&name, element, dims, bytes);
        name
    }

    fn initializer(&mut self, name: &str, element: u64, dims: &[usize], bytes: &[u8]) {
        let mut tensor = Message::default();
        for &dim in dims {
            tensor = tensor.int(1, dim as u64);
        }
        let tensor = tensor.int(2, element).bytes(8, name).bytes(9, bytes);
        self.graph = std::mem::take(&mut self.graph).message(5, tensor);
    }
}

/// What a value is called in the model.
fn name(network: &Network, id: ValueId) -> String {
    if id == network.input { "images".into() } else { format!("value{}", id.0) }
}

/// What a layer reads, and then its tensors, in whose order ONNX takes them.
fn weighted(network: &Network, arguments: &[String], module: ModuleId) -> Vec<String> {
    let own = network.tensors_of(module).map(|tensor| network.tensor_name(tensor.id));
    arguments.iter().cloned().chain(own).collect()
}

fn attribute(name: &str, kind: u64, value: Message) -> Message {
    // Fields of a message may come in any order, and pieces of one may follow each other.
    let mut bytes = Message::default().bytes(1, name).into_bytes();
    bytes.extend(value.into_bytes());
    bytes.extend(Message::default().int(20, kind).into_bytes());
    Message::from(bytes)
}

fn attribute_int(name: &str, value: usize) -> Message {
    attribute(name, 2, Message::default().int(3, value as u64))
}

fn attribute_ints(name: &str, values: &[usize]) -> Message {
    let all = values.iter().fold(Message::default(), |all, &value| all.int(8, value as u64));
    attribute(name, 7, all)
}

/// An input or output of floats: any number of what has these extents.
fn described(name: &str, extents: &[usize]) -> Message {
    let any = Message::default().bytes(2, "batch");
    let mut shape = Message::default().message(1, any);
    for &extent in extents {
        shape = shape.message(1, Message::default().int(1, extent as u64));
    }
    let tensor = Message::default().int(1, FLOAT).message(2, shape);
    Message::default().bytes(1, name).message(2, Message::default().message(1, tensor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_counted_with_their_statistics() {
        let network = crate::api::Spec::preact().set("depth", 8).compile().unwrap();
        // A mean and a variance of each channel of a batch norm stand beside γ and β.
        let channels = 3 * 16 + 2 * 32 + 2 * 64;
        let expected = 4 * (network.parameters() + 2 * channels) as u64;
        assert_eq!(weights_bytes(&network), expected);
        assert!(expected < MOST_WEIGHTS);
    }
}
