//! Definitions in the order in which they need each other.

/// An order of the nodes, and the circles found on the way.
pub struct Order {
    /// Every node, after those it needs (circles cut at one place).
    pub nodes: Vec<usize>,
    /// Each circle as a path whose last node needs the first.
    pub cycles: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// Sorts nodes so that each comes after those it `needs`; otherwise keeps their order.
/// Not recursive: a spec may hold a very long line of definitions.
pub fn sort(needs: &[Vec<usize>]) -> Order {
    let mut state = vec![State::New; needs.len()];
    let mut order = Order { nodes: Vec::with_capacity(needs.len()), cycles: Vec::new() };
    for root in 0..needs.len() {
        if state[root] != State::New {
            continue;
        }
        state[root] = State::Open;
        let mut path = vec![(root, 0)];
        while let Some(&mut (node, ref mut next)) = path.last_mut() {
            match needs[node].get(*next) {
                None => {
                    state[node] = State::Done;
                    order.nodes.push(node);
                    path.pop();
                }
                Some(&needed) => {
                    *next += 1;
                    match state[needed] {
                        State::New => {
                            state[needed] = State::Open;
                            path.push((needed, 0));
                        }
                        State::Open => {
                            let circle = path.iter().map(|&(node, _)| node);
                            order.cycles.push(circle.skip_while(|&n| n != needed).collect());
                        }
                        State::Done => {}
                    }
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_come_first_and_order_is_kept() {
        let order = sort(&[vec![2], vec![], vec![1]]);
        assert_eq!(order.nodes, [1, 2, 0]);
        assert!(order.cycles.is_empty());
        assert_eq!(sort(&[vec![], vec![], vec![]]).nodes, [0, 1, 2]);
    }

    #[test]
    fn circles_are_found() {
        assert_eq!(sort(&[vec![0]]).cycles, [[0]]);
        assert_eq!(sort(&[vec![1], vec![2], vec![1]]).cycles, [[1, 2]]);
    }
}
