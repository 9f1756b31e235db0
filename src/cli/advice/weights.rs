//! About weights of other programs: what to do with their files, and with names that fit twice.

use std::path::Path;

use crate::train::error::Misfit;
use crate::train::foreign::{Candidates, OtherFormat, Unpaired};

/// How a file becomes one that is read.
pub fn convert(path: &Path, format: &OtherFormat) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().replace('\'', "\\'");
    let out = path.with_extension("safetensors");
    let out = out.file_name().unwrap_or_default().to_string_lossy().replace('\'', "\\'");
    match format {
        OtherFormat::Folder(files) => match files.as_slice() {
            [] => "name the file of weights in it".into(),
            [one] => format!("name the file in it: {}", path.join(one).display()),
            many => format!("name one of the files in it: {}", crate::text::series(many, "or")),
        },
        OtherFormat::TorchZip | OtherFormat::Pickle => format!(
            "no pickle is ever read here. In Python, where it is trusted:\n  import torch; from \
             safetensors.torch import save_file\n  s = torch.load('{name}', map_location='cpu', \
             weights_only=True); s = s.get('state_dict', s.get('model', s))\n  save_file({{k: \
             v.detach().clone().contiguous() for k, v in s.items() if torch.is_tensor(v)}}, '{out}')"
        ),
        OtherFormat::Onnx => format!(
            "save the state dict of the model that it was made from; where that is gone, in \
             Python:\n  import onnx, numpy; from onnx.numpy_helper import to_array; from \
             safetensors.numpy import save_file\n  save_file({{t.name: numpy.array(to_array(t)) for t \
             in onnx.load('{name}').graph.initializer if t.data_type == 1 and t.dims}}, '{out}')\nan exporter may have folded batch \
             norms into convolutions, which cannot be undone"
        ),
        OtherFormat::Keras | OtherFormat::Hdf5 => {
            "Keras has other names, kernels as rows × columns × in × out, and batch norms with eps \
             1e-3: copy its weights into the same net in PyTorch, and save that one's state_dict() \
             by safetensors.torch.save_file"
                .into()
        }
        OtherFormat::Numpy => format!(
            "in Python: import numpy; from safetensors.numpy import save_file; \
             save_file(dict(numpy.load('{name}')), '{out}'), with PyTorch's names and layouts"
        ),
        OtherFormat::Gguf => "its weights are quantised; start from those it was made of".into(),
        OtherFormat::Index => "name the safetensors file beside it; several have to be joined \
                               in Python first (safetensors.torch.load_file, then save_file)"
            .into(),
    }
}

/// What to do where a file's names are not understood.
pub fn pair(why: &Unpaired) -> String {
    match why {
        Unpaired::Unclear(candidates) => sample(candidates),
        Unpaired::Spread(_) => {
            "these are two nets of the same shapes, it seems: write the file's in the spec; if it is \
             the same net, say by --map which module is which"
                .into()
        }
        Unpaired::NoSuch { .. } | Unpaired::Twice(_) | Unpaired::Partly { .. } => {
            "mend the file of --map".into()
        }
        Unpaired::Misfit { why: Misfit::Type(_) | Misfit::Unread(_), .. } => {
            "save the state dict of model.float()".into()
        }
        Unpaired::Misfit { why: Misfit::NoNumber | Misfit::Negative, .. } => {
            "these are not the weights of a net that works; take others".into()
        }
        Unpaired::Counts { .. }
        | Unpaired::Missing { .. }
        | Unpaired::Extra { .. }
        | Unpaired::Left { .. }
        | Unpaired::Strange(_)
        | Unpaired::Half { .. }
        | Unpaired::OtherNorm(_)
        | Unpaired::Misfit { why: Misfit::Shape { .. } | Misfit::Missing | Misfit::Unknown, .. } => "is it the same net, with the same settings (--set)?".into(),
    }
}

/// The lines of a map that settle it, as one guess.
fn sample(candidates: &Candidates) -> String {
    const MOST: usize = 4;
    let pairs = candidates.ours.iter().zip(&candidates.theirs);
    let lines: Vec<String> =
        pairs.take(MOST).map(|(own, their)| format!("\n  {own}: {their:?}")).collect();
    let more = if candidates.ours.len() > MOST { "\n  …" } else { "" };
    let blocks = match candidates.what {
        "blocks" => " (for the modules in them)",
        _ => "",
    };
    format!(
        "say which is which{blocks} in a file for --map, the net's names before the file's; for \
         instance, if this is right:{}{more}",
        lines.concat()
    )
}
