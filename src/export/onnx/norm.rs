//! Normalisations of an image as operators: the operator set has InstanceNormalization, of which group
//! norm is a change of shape away, and no layer norm, which is written out.

use super::{FLOAT, Message, Writer, attribute, attribute_ints};
use crate::network::{ModuleId, Network, Over, Part, Value};

impl Writer {
    /// Writes the normalisation that makes the value named `out`.
    pub(super) fn image_norm(
        &mut self,
        network: &Network,
        value: &Value,
        (x, out): (&str, &str),
        (module, over, epsilon): (Option<ModuleId>, Over, f64),
    ) {
        let ids = module.into_iter().flat_map(|module| network.tensors_of(module));
        let parts: Vec<(Part, String)> =
            ids.map(|tensor| (tensor.id.part, network.tensor_name(tensor.id))).collect();
        // The last step makes `out`.
        let mut steps: Vec<(&str, String)> = parts
            .into_iter()
            .map(|(part, name)| (if part == Part::Weight { "Mul" } else { "Add" }, name))
            .collect();
        let plain = if steps.is_empty() { out.to_owned() } else { format!("{out}.normal") };
        match over {
            Over::Groups(groups) => self.groups(value, (x, &plain), groups, epsilon),
            Over::Pixel => self.pixels((x, &plain), epsilon),
        }
        let last = steps.pop();
        let mut at = plain;
        for (op, name) in steps {
            let next = format!("{out}.scaled");
            self.node(op, &[at, name], &next, vec![]);
            at = next;
        }
        if let Some((op, name)) = last {
            self.node(op, &[at, name], out, vec![]);
        }
    }

    fn groups(&mut self, value: &Value, (x, out): (&str, &str), groups: usize, epsilon: f64) {
        let inner = |part: &str| format!("{out}.{part}");
        let shape = value.shape;
        let apart = self.integers(&[0, groups as i64, -1]);
        self.node("Reshape", &[x.to_owned(), apart], &inner("apart"), vec![]);
        let [scale, shift] = [1f32, 0.0]
            .map(|number| self.constant(FLOAT, &[groups], &number.to_le_bytes().repeat(groups)));
        let epsilon = attribute("epsilon", 1, Message::default().float(2, epsilon as f32));
        let arguments = [inner("apart"), scale, shift];
        self.node("InstanceNormalization", &arguments, &inner("groups"), vec![epsilon]);
        let whole = self.integers(&[0, shape.c as i64, shape.h as i64, shape.w as i64]);
        self.node("Reshape", &[inner("groups"), whole], out, vec![]);
    }

    fn pixels(&mut self, (x, out): (&str, &str), epsilon: f64) {
        let inner = |part: &str| format!("{out}.{part}");
        let axes = || vec![attribute_ints("axes", &[1])];
        self.node("ReduceMean", &[x.to_owned()], &inner("mean"), axes());
        self.node("Sub", &[x.to_owned(), inner("mean")], &inner("centred"), vec![]);
        let square = [inner("centred"), inner("centred")];
        self.node("Mul", &square, &inner("square"), vec![]);
        self.node("ReduceMean", &[inner("square")], &inner("variance"), axes());
        let epsilon = self.constant(FLOAT, &[], &(epsilon as f32).to_le_bytes());
        self.node("Add", &[inner("variance"), epsilon], &inner("shifted"), vec![]);
        self.node("Sqrt", &[inner("shifted")], &inner("deviation"), vec![]);
        self.node("Div", &[inner("centred"), inner("deviation")], out, vec![]);
    }
}
