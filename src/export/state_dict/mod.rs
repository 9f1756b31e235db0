//! Weights under the names of other programs, as safetensors: what `load_state_dict(…, strict=True)`
//! takes.
//!
//! A network is of a family if it is the very one that the family's constructor makes ([`form`], [`plan`]),
//! not if tensors happen to fit; otherwise why not is an error ([`Stranger`]).

mod form;
mod plan;
mod python;
mod stranger;

pub use stranger::Stranger;

use crate::network::{ModuleId, Network, Part, TensorId};
use crate::train::layout;
use crate::train::tensors::{self, Values};
use form::Form;
use plan::Plan;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, TensorView};

/// Whose names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `torchvision.models`: resnet, wide_resnet, resnext.
    Torchvision,
    /// `timm`: resnet with its variants (deep stem, average pooling on shortcuts), resnetv2.
    Timm,
    /// The network's own.
    Rnetc,
}

/// The tensors of a state dict.
#[derive(Clone, Debug, PartialEq)]
pub struct StateDict {
    /// Names in the order of the program's modules, shapes, and what is there.
    pub entries: Vec<Entry>,
    /// The line of Python that makes the model; none for the network's own names.
    pub model: Option<String>,
}

/// One tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it holds.
    pub of: Held,
}

/// What a tensor of a state dict holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held {
    /// A tensor of the network.
    Tensor(TensorId),
    /// How many steps a batch norm was trained for.
    Steps,
}

impl StateDict {
    /// A network's under a family's names.
    ///
    /// # Errors
    /// It is none of the family.
    pub fn of(network: &Network, family: Family) -> Result<Self, Stranger> {
        if family == Family::Rnetc {
            let own = |at: usize| (ModuleId(at as u32), network.modules[at].name.clone());
            let modules = (0..network.modules.len()).map(own).collect();
            return Ok(Self { entries: entries(network, modules, false, None), model: None });
        }
        let form = Form::read(network)?;
        let plan = Plan::of(network, &form)?;
        let classes = network.classes();
        let (modules, model) = match (family, form.is_preact()) {
            (Family::Timm, true) => (preact(&form, &plan), python::timm_preact(&plan, classes)),
            (Family::Timm, false) => {
                usual_stem(&plan)?;
                (layers(&form, &plan), python::timm(&plan, classes))
            }
            (Family::Torchvision | Family::Rnetc, true) => return Err(Stranger::Preact),
            (Family::Torchvision | Family::Rnetc, false) => {
                of_torchvision(&plan)?;
                (layers(&form, &plan), python::torchvision(&plan, classes))
            }
        };
        let head_is_conv = form.is_preact().then_some(form.head);
        Ok(Self { entries: entries(network, modules, true, head_is_conv), model: Some(model) })
    }

    /// The file: each tensor in PyTorch's layout, and for each batch norm how many steps moved its
    /// statistics.
    ///
    /// # Errors
    /// Two tensors have one name.
    pub fn bytes(
        &self,
        network: &Network,
        values: &Values,
        steps: u64,
    ) -> Result<Vec<u8>, SafeTensorError> {
        let state = tensors::of(network);
        let steps = (steps as i64).to_le_bytes().to_vec();
        let data = |entry: &Entry| match entry.of {
            Held::Steps => (Dtype::I64, steps.clone()),
            Held::Tensor(id) => {
                let name = network.tensor_name(id);
                let tensor = state.iter().find(|tensor| tensor.name == name);
                let values = tensor.zip(values.get(&name)).map(|(tensor, values)| {
                    layout::to_checkpoint(tensor.kind, tensor.shape, values)
                });
                let values = values.unwrap_or_default();
                (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect())
            }
        };
        let all: Vec<(Dtype, Vec<u8>)> = self.entries.iter().map(data).collect();
        let views: Result<Vec<(&str, TensorView)>, SafeTensorError> = self
            .entries
            .iter()
            .zip(&all)
            .map(|(entry, (dtype, bytes))| {
                Ok((entry.name.as_str(), TensorView::new(*dtype, entry.shape.clone(), bytes)?))
            })
            .collect();
        // What programs that read safetensors ask for.
        let metadata = std::iter::once(("format".to_owned(), "pt".to_owned())).collect();
        safetensors::serialize(views?, Some(metadata))
    }
}

/// Each tensor of each module; `counted`: batch norms count their steps.
fn entries(
    network: &Network,
    modules: Vec<(ModuleId, String)>,
    counted: bool,
    head_is_conv: Option<ModuleId>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (module, name) in modules {
        let mut is_norm = false;
        for tensor in network.tensors_of(module) {
            is_norm |= tensor.id.part == Part::RunningMean;
            let shape = crate::graph::Shape(tensor.shape);
            let mut shape = layout::checkpoint_shape(tensor.kind, shape);
            if head_is_conv == Some(module) && tensor.id.part == Part::Weight {
                shape.extend([1, 1]);
            }
            let name = tensor.id.part.of(&name);
            entries.push(Entry { name, shape, of: Held::Tensor(tensor.id) });
        }
        if counted && is_norm {
            let name = format!("{name}.num_batches_tracked");
            entries.push(Entry { name, shape: Vec::new(), of: Held::Steps });
        }
    }
    entries
}

/// Both families make 64 channels of the pictures with one 7×7 convolution.
fn usual_stem(plan: &Plan) -> Result<(), Stranger> {
    match plan.deep {
        None if plan.stem != 64 => Err(Stranger::StemConvs("one of 7×7 with 64 channels")),
        Some(_) | None => Ok(()),
    }
}

fn of_torchvision(plan: &Plan) -> Result<(), Stranger> {
    if plan.deep.is_some() {
        return Err(Stranger::StemConvs("one of 7×7; timm has those of three 3×3"));
    }
    usual_stem(plan)?;
    let text = |widths: &[usize]| {
        let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
        crate::text::series(&widths, "and")
    };
    if plan.planes() != [64, 128, 256, 512] {
        let over = if plan.bottleneck { 4 } else { 1 };
        let wanted: Vec<usize> = [64, 128, 256, 512].map(|planes| planes * over).to_vec();
        return Err(Stranger::Widths { found: text(&plan.outputs), wanted: text(&wanted) });
    }
    match plan.averaged {
        true => Err(Stranger::Averaged),
        false => Ok(()),
    }
}

/// The names of torchvision's and timm's ResNet.
fn layers(form: &Form, plan: &Plan) -> Vec<(ModuleId, String)> {
    let mut names = Vec::new();
    match form.stem.as_slice() {
        [one] => names.push((one.module, "conv1".to_owned())),
        // A list of convolutions, batch norms and ReLUs.
        all => names.extend(
            all.iter().enumerate().map(|(at, conv)| (conv.module, format!("conv1.{}", 3 * at))),
        ),
    }
    for (at, norm) in form.stem_norms.iter().enumerate() {
        let last = at + 1 == form.stem_norms.len();
        names.push((*norm, if last { "bn1".to_owned() } else { format!("conv1.{}", 3 * at + 1) }));
    }
    // Where a list begins with pooling, or with its absence.
    let first = usize::from(plan.averaged);
    for (block, at) in form.blocks.iter().zip(places(plan)) {
        let [stage, place] = at;
        let prefix = format!("layer{}.{place}", stage + 1);
        for (at, (conv, norm)) in block.convs.iter().zip(&block.norms).enumerate() {
            names.push((conv.module, format!("{prefix}.conv{}", at + 1)));
            names.push((*norm, format!("{prefix}.bn{}", at + 1)));
        }
        if let Some(projection) = &block.projection {
            names.push((projection.conv.module, format!("{prefix}.downsample.{first}")));
            let norm = projection.norm.map(|norm| (norm, first + 1));
            names.extend(norm.map(|(norm, at)| (norm, format!("{prefix}.downsample.{at}"))));
        }
    }
    names.push((form.head, "fc".to_owned()));
    names
}

/// The names of timm's ResNetV2.
fn preact(form: &Form, plan: &Plan) -> Vec<(ModuleId, String)> {
    let mut names = Vec::new();
    for (at, conv) in form.stem.iter().enumerate() {
        let number = if form.stem.len() == 1 { String::new() } else { (at + 1).to_string() };
        names.push((conv.module, format!("stem.conv{number}")));
    }
    for (at, norm) in form.stem_norms.iter().enumerate() {
        names.push((*norm, format!("stem.norm{}", at + 1)));
    }
    for (block, [stage, place]) in form.blocks.iter().zip(places(plan)) {
        let prefix = format!("stages.{stage}.blocks.{place}");
        if let Some(projection) = &block.projection {
            names.push((projection.conv.module, format!("{prefix}.downsample.conv")));
        }
        for (at, (conv, norm)) in block.convs.iter().zip(&block.norms).enumerate() {
            names.push((*norm, format!("{prefix}.norm{}", at + 1)));
            names.push((conv.module, format!("{prefix}.conv{}", at + 1)));
        }
    }
    names.extend(form.last_norm.map(|norm| (norm, "norm".to_owned())));
    names.push((form.head, "head.fc".to_owned()));
    names
}

/// Stage and place in it of each unit, counted from 0.
fn places(plan: &Plan) -> impl Iterator<Item = [usize; 2]> + '_ {
    let stages = plan.counts.iter().enumerate();
    stages.flat_map(|(stage, count)| (0..*count).map(move |place| [stage, place]))
}
