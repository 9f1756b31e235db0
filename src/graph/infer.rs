//! The type rule of every operation, in one place: the builder, the verifier and the tests read
//! it from here.

use super::{op::*, types::*};

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

/// Whether an image of one type has the elements of one of the other or, outside the batch, the whole:
/// a reshape's rule.
pub fn reshapes(from: Type, to: Type) -> bool {
    let images_stay = !from.batched || from.shape.0[0] == to.shape.0[0];
    from.batched == to.batched && images_stay && from.shape.len() == to.shape.len()
}

/// The type of `op` applied to arguments of these types, or `None` where they do not fit.
/// `Input`, `Const`, `Index`, `Broadcast`, `Random` and `Reshape` carry their type in the node and have none here.
pub fn result(op: &Op, args: &[Type]) -> Option<Type> {
    if args.len() != op.arity() {
        return None;
    }
    match op {
        Op::Input(_)
        | Op::Const(_)
        | Op::Index
        | Op::Broadcast
        | Op::Random { .. }
        | Op::Reshape => None,
        Op::Unary(_) | Op::Detach | Op::After => Some(args[0]),
        Op::Binary(_) => broadcast(args[0], args[1]),
        Op::Conv(g) => conv(g, args[0], args[1]),
        Op::ConvDx(g) => conv_dx(g, args[0], args[1]),
        Op::ConvDw(g) => conv_dw(g, args[0], args[1]),
        Op::Reduce(_, axes) => {
            let x = args[0];
            Some(Type { shape: axes.reduce(x.shape), batched: x.batched && !axes.0[0] })
        }
        Op::Total => (!args[0].batched).then_some(args[0]),
        Op::Pool(g) => pool(g, args[0]),
        Op::PoolDx(g) => (pool(g, args[0])? == args[1]).then_some(args[0]),
        Op::Remap(r) => remap(r, args[0]),
    }
}

/// As many images, or rows of a matrix, as `of` has.
fn images(of: Type, [h, w]: [usize; 2], c: usize) -> Type {
    Type { shape: Shape([of.shape.0[0], h, w, c]), ..of }
}

/// Whether a contraction takes an operand: images of the batch or, as products of one pixel, the rows of a
/// matrix.
fn has_rows(g: &ConvGeometry, x: Type) -> bool {
    x.batched || *g == ConvGeometry::POINT
}

/// Whether a window of `window` fits at least once into `input` with `padding` on each side.
fn slides(input: usize, window: usize, stride: usize, padding: usize) -> bool {
    window > 0 && stride > 0 && window <= input + 2 * padding
}

fn conv_fits(g: &ConvGeometry) -> bool {
    (0..2).all(|a| slides(g.input[a], g.kernel[a], g.stride, g.padding[a]))
}

/// Whether groups have equal parts of so many channels.
fn divides(g: &ConvGeometry, channels: usize) -> bool {
    g.groups > 0 && channels.is_multiple_of(g.groups)
}

fn conv(g: &ConvGeometry, x: Type, w: Type) -> Option<Type> {
    let ([_, h, wide, ci], [kh, kw, wi, wo]) = (x.shape.0, w.shape.0);
    let fits = conv_fits(g) && g.input == [h, wide] && g.kernel == [kh, kw];
    let grouped = divides(g, wo) && wi.checked_mul(g.groups) == Some(ci);
    (fits && grouped && has_rows(g, x) && !w.batched).then(|| images(x, g.output(), wo))
}

fn conv_dx(g: &ConvGeometry, y: Type, w: Type) -> Option<Type> {
    let ([_, h, wide, co], [kh, kw, wi, wo]) = (y.shape.0, w.shape.0);
    let fits = conv_fits(g) && g.output() == [h, wide] && g.kernel == [kh, kw] && co == wo;
    let fits = fits && divides(g, co) && has_rows(g, y) && !w.batched;
    let ci = wi.checked_mul(g.groups).filter(|_| fits)?;
    Some(images(y, g.input, ci))
}

fn conv_dw(g: &ConvGeometry, x: Type, y: Type) -> Option<Type> {
    let ([n, h, wide, ci], [m, oh, ow, co]) = (x.shape.0, y.shape.0);
    let fits = conv_fits(g) && g.input == [h, wide] && g.output() == [oh, ow];
    let grouped = divides(g, ci) && divides(g, co);
    let shape = || Shape([g.kernel[0], g.kernel[1], ci / g.groups, co]);
    (fits && grouped && n == m && x.batched == y.batched && has_rows(g, x))
        .then(|| Type { shape: shape(), batched: false })
}

fn pool(g: &PoolGeometry, x: Type) -> Option<Type> {
    let [_, h, w, c] = x.shape.0;
    let fits = (0..2).all(|a| {
        let [before, after] = g.padding[a];
        let padded = g.input[a] + before + after;
        let slides = g.window[a] > 0 && g.stride[a] > 0 && g.window[a] <= padded;
        // A window that lies in the padding alone would have no largest element.
        slides && before < g.window[a] && after < g.window[a]
    });
    (fits && g.input == [h, w] && x.batched).then(|| images(x, g.output(), c))
}

fn remap(r: &Remap, x: Type) -> Option<Type> {
    r.axes
        .iter()
        .all(|a| a.mul > 0 && a.div > 0)
        .then(|| Type { shape: Shape(r.axes.map(|a| a.len)), batched: x.batched })
}
