//! The type rule of every operation, in one place: the builder, the verifier and the tests read
//! it from here.

use super::types::*;

/// The common type of two elementwise operands, or `None` where they do not broadcast.
pub fn broadcast(a: Type, b: Type) -> Option<Type> {
    let mut shape = a.shape.0;
    for (x, y) in shape.iter_mut().zip(b.shape.0) {
        match (*x, y) {
            (p, q) if p == q => {}
            (1, q) => *x = q,
            (_, 1) => {}
            (_, _) => return None,
        }
    }
    Some(Type { shape: Shape(shape), batched: a.batched || b.batched })
}

/// The type of `op` applied to arguments of these types, or `None` where they do not fit.
/// `Input`, `Const`, `Broadcast` and `Random` carry their type in the node and have none here.
pub fn result(op: &Op, args: &[Type]) -> Option<Type> {
    match (op, args) {
        (Op::Unary(_) | Op::Detach, &[x]) => Some(x),
        (Op::After, &[x, _]) => Some(x),
        (Op::Binary(_), &[a, b]) => broadcast(a, b),
        (Op::Conv(g), &[x, w]) => conv(g, x, w),
        (Op::ConvDx(g), &[y, w]) => conv_dx(g, y, w),
        (Op::ConvDw(g), &[x, y]) => conv_dw(g, x, y),
        (Op::Reduce(_, axes), &[x]) => {
            Some(Type { shape: axes.reduce(x.shape), batched: x.batched && !axes.0[0] })
        }
        (Op::Pool(g), &[x]) => pool(g, x),
        (Op::PoolDx(g), &[x, y]) => (pool(g, x)? == y).then_some(x),
        (Op::Remap(r), &[x]) => remap(r, x),
        (
            Op::Input(_)
            | Op::Const(_)
            | Op::Broadcast
            | Op::Random { .. }
            | Op::Unary(_)
            | Op::Detach
            | Op::After
            | Op::Binary(_)
            | Op::Conv(_)
            | Op::ConvDx(_)
            | Op::ConvDw(_)
            | Op::Reduce(..)
            | Op::Pool(_)
            | Op::PoolDx(_)
            | Op::Remap(_),
            _,
        ) => None,
    }
}

fn image(batch: usize, [h, w]: [usize; 2], c: usize) -> Type {
    Type { shape: Shape([batch, h, w, c]), batched: true }
}

/// Whether a window of `window` fits at least once into `input` with `padding` on each side.
fn slides(input: usize, window: usize, stride: usize, padding: usize) -> bool {
    window > 0 && stride > 0 && window <= input + 2 * padding
}

fn conv_fits(g: &ConvGeometry) -> bool {
    (0..2).all(|a| slides(g.input[a], g.kernel[a], g.stride, g.padding[a]))
}

fn conv(g: &ConvGeometry, x: Type, w: Type) -> Option<Type> {
    let ([n, h, wide, ci], [kh, kw, wi, wo]) = (x.shape.0, w.shape.0);
    (conv_fits(g) && g.input == [h, wide] && g.kernel == [kh, kw] && ci == wi && x.batched)
        .then(|| image(n, g.output(), wo))
}

fn conv_dx(g: &ConvGeometry, y: Type, w: Type) -> Option<Type> {
    let ([n, h, wide, co], [kh, kw, wi, wo]) = (y.shape.0, w.shape.0);
    (conv_fits(g) && g.output() == [h, wide] && g.kernel == [kh, kw] && co == wo && y.batched)
        .then(|| image(n, g.input, wi))
}

fn conv_dw(g: &ConvGeometry, x: Type, y: Type) -> Option<Type> {
    let ([n, h, wide, ci], [m, oh, ow, co]) = (x.shape.0, y.shape.0);
    let fits = conv_fits(g) && g.input == [h, wide] && g.output() == [oh, ow];
    (fits && n == m && x.batched && y.batched)
        .then(|| Type { shape: Shape([g.kernel[0], g.kernel[1], ci, co]), batched: false })
}

fn pool(g: &PoolGeometry, x: Type) -> Option<Type> {
    let [n, h, w, c] = x.shape.0;
    // A window that lies in the padding alone would have no largest element.
    let fits = g.padding < g.window
        && g.input.iter().all(|&extent| slides(extent, g.window, g.stride, g.padding));
    (fits && g.input == [h, w] && x.batched).then(|| image(n, g.output(), c))
}

fn remap(r: &Remap, x: Type) -> Option<Type> {
    r.axes
        .iter()
        .all(|a| a.mul > 0 && a.div > 0)
        .then(|| Type { shape: Shape(r.axes.map(|a| a.len)), batched: x.batched })
}
