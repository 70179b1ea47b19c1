import NeuralNetworks

@testable import Tensors

/// Indexing, products, linear algebra, images, signals, sequences and what begins a graph.
let sweptArrays: [SweptCall] =
  sweptIndexing + sweptProducts + sweptMatrices + sweptImages + sweptSignals + sweptNetworks + sweptLeaves

private let sweptIndexing: [SweptCall] = [
  SweptCall("rows") { a in
    let x = a.tensor(2...2)
    return x.rows(a.indices([3], below: x.shape[0]))
  },
  SweptCall("gather") { a in
    let (x, axis) = (a.tensor(1...3), a.axis())
    var sizes = x.shape.dimensions
    if sizes.indices.contains(axis) { sizes[axis] = 2 }
    return x.gather(a.indices(Shape(sizes), below: x.shape[axis]), along: axis)
  },
  SweptCall("take") { a in
    let (x, axis) = (a.tensor(1...3), a.axis())
    return x.take(a.indices([2], below: x.shape[axis]), axis: axis)
  },
  SweptCall("scatter") { a in
    let (x, axis) = (a.tensor(1...3), a.axis())
    var sizes = x.shape.dimensions
    if sizes.indices.contains(axis) { sizes[axis] = 2 }
    let updates = a.tensor(of: Shape(sizes), dtype: x.dtype)
    let modes: [ScatterMode] = [.set, .add, .mean, .max, .min]
    return x.scatter(updates, at: a.indices(Shape(sizes), below: x.shape[axis]), along: axis, mode: a.one(of: modes))
  },
  SweptCall("masked") { a in
    let x = a.tensor()
    return [try x.masked(a.isHostile ? a.tensor() : x.greater(than: x.reversed())), try x.nonzero()]
  },
  SweptCall("unique") { a in
    let found = try a.tensor().unique()
    return [found.values, found.indices, found.counts]
  },
  SweptCall("oneHot") { $0.indices([2, 2], below: 3).oneHot(classes: $0.int(1...4), dtype: $0.any(DType.self)) },
  SweptCall("replacing") { a in
    let x = a.tensor(2...3)
    let block = a.tensor(of: Shape([1] + x.shape.dropFirst()), dtype: x.dtype)
    return x.replacing(axis: a.isHostile ? a.axis() : 0, at: a.indices([], below: x.shape[0]), with: block)
  },
]

private let sweptProducts: [SweptCall] = [
  SweptCall("matmul") { a in
    let x = a.tensor(2...4)
    return x.matmul(a.isHostile ? a.tensor(0...4) : a.tensor(of: [x.shape[-1], a.int(0...5)]))
  },
  SweptCall("matmul of batches") { a in
    let x = a.tensor(3...4)
    return x.matmul(a.tensor(of: Shape(x.shape.dimensions.dropLast(2) + [x.shape[-1], 3])))
  },
  SweptCall("einsum") { a in
    let equations =
      a.isHostile
      ? [
        "", "->", "ij", "ii->i", "ij,jk->ik", "i,i,i->", "ij->ijj", "i->zz", "ij,->", "1,2->3", ",,,", "i j->k", "...i",
      ]
      : ["ij,jk->ik", "ij,jk->ki", "ij,kj->", "ij,jk->j", "ij,jj->i"]
    let x = a.tensor(2...2)
    let n = x.shape[1]
    return .einsum(a.one(of: equations), [x, a.tensor(of: [n, n])])
  },
  SweptCall("tensordot") { $0.tensor(2...3).tensordot($0.tensor(2...3), count: $0.int(0...1)) },
  SweptCall("tensordot over axes") { a in
    let x = a.tensor(2...3)
    return x.tensordot(a.tensor(of: x.shape), axes: a.isHostile ? (a.ints(), a.ints()) : ([1, 0], [1, -x.shape.rank]))
  },
  SweptCall("dot") { $0.tensor(1...1).dot($0.tensor(1...1)) },
  SweptCall("outer") { $0.tensor(1...1).outer($0.tensor(1...1)) },
  SweptCall("cross") { a in
    let x = a.tensor(of: [2, 3])
    return x.cross(a.tensor(of: [2, 3]), axis: a.isHostile ? a.axis() : 1)
  },
  SweptCall("kronecker") { $0.tensor(1...3).kronecker($0.tensor(1...3)) },
  SweptCall("distances") { a in
    let x = a.tensor(2...3)
    return x.distances(
      to: a.tensor(of: [2, x.shape[-1]]), order: a.isHostile ? a.double() : a.one(of: [1, 2, .infinity]))
  },
  SweptCall("vecdot") { $0.tensor(1...3).vecdot($0.tensor(1...3), axis: $0.axis()) },
  SweptCall("multiDot") { a in
    let x = a.tensor(of: [2, 3])
    return .multiDot([x, a.tensor(of: [3, 4]), a.tensor(of: [4, 1])] + (a.isHostile ? a.tensors() : []))
  },
  SweptCall("vandermonde") { $0.tensor(1...2).vandermonde(columns: $0.flag() ? nil : $0.int(0...4)) },
]

/// Far from singular, as `regular` of the cases.
private func regular(_ a: SweepArguments) -> Tensor {
  let x = a.matrices()
  return a.isHostile ? x : x * 0.05 + .eye(x.shape[-1], dtype: x.dtype) * 2
}
private func positive(_ a: SweepArguments) -> Tensor {
  let x = regular(a)
  return a.isHostile ? x : x + x.transposed
}

private let sweptMatrices: [SweptCall] = [
  SweptCall("solve") { a in
    let x = regular(a)
    return x.solve(a.tensor(of: [x.shape[-1], 2]), givesNaN: a.flag())
  },
  SweptCall("solveTriangular") { a in
    let x = regular(a)
    return x.solveTriangular(
      a.tensor(of: [x.shape[-1], 2]), isUpper: a.flag(), isUnit: a.flag(), givesNaN: a.flag())
  },
  SweptCall("cholesky") { positive($0).cholesky(givesNaN: $0.flag()) },
  SweptCall("choleskySolve") { a in
    let x = positive(a).cholesky()
    return x.choleskySolve(a.tensor(of: [x.shape[-1], 2]))
  },
  SweptCall("inverse") { regular($0).inverse(givesNaN: $0.flag()) },
  SweptCall("lu") { a in
    let x = regular(a)
    let factors = x.lu()
    return [
      factors.lower.matmul(factors.upper), factors.permutation, factors.permutationMatrix,
      factors.solve(a.tensor(of: [x.shape[-1], 2])),
    ]
  },
  SweptCall("determinant") { a in
    let x = regular(a)
    return [x.determinant(), x.logDeterminant().sign, x.logDeterminant().logarithm]
  },
  SweptCall("matrixExp") { $0.matrices().matrixExp() },
  SweptCall("matrixPower") { regular($0).matrixPower($0.int(-3...4)) },
  SweptCall("matrixNorm") { regular($0).matrixNorm($0.any(MatrixNorm.self)) },
  SweptCall("tensorSolve") { $0.tensor(0...4).tensorSolve($0.tensor(0...4)) },
  SweptCall("tensorInverse") { $0.tensor(of: [2, 2, 4]).tensorInverse(count: $0.isHostile ? $0.int() : 2) },
  SweptCall("qr") { a in
    let (q, r) = a.tensor(2...3).qr()
    return [q.matmul(r)]
  },
  SweptCall("svd") { a in
    let (u, values, v) = a.tensor(2...3).svd()
    return [values, (u * values.unsqueezed(axis: -2)).matmul(v.transposed)]
  },
  SweptCall("singularValues") { $0.tensor(2...3).singularValues() },
  SweptCall("pseudoInverse") { regular($0).pseudoInverse(tolerance: $0.isHostile ? $0.double() : nil) },
  SweptCall("leastSquares") { a in
    let x = regular(a)
    return x.leastSquares(a.tensor(of: [x.shape[-1], 2]), tolerance: a.isHostile ? a.double() : nil)
  },
  SweptCall("matrixRank") { regular($0).matrixRank(tolerance: $0.isHostile ? $0.double() : nil) },
  SweptCall("conditionNumber") { regular($0).conditionNumber() },
  SweptCall("eigh") { a in
    let (values, vectors) = positive(a).eigh()
    return [values, vectors.matmul(vectors.transposed)]
  },
  SweptCall("eigvalsh") { positive($0).eigvalsh() },
  SweptCall("matrixSquareRoot") { positive($0).matrixSquareRoot() },
  SweptCall("polarFactors") { a in
    let (u, p) = regular(a).polarFactors()
    return [u, p]
  },
]

private let sweptNetworks: [SweptCall] = [
  SweptCall("batchNormalized") { a in
    let x = a.images(2...5)
    let channels = a.isHostile ? 2 : x.shape[1]
    let all = x.batchNormalized(
      scale: a.tensor(of: [channels]), shift: a.tensor(of: [channels]), epsilon: a.double(0.01...0.1))
    return [all.output, all.mean, all.variance]
  },
  SweptCall("layerNormalized") { a in
    let x = a.tensor(1...3)
    return x.layerNormalized(
      scale: a.tensor(of: [x.shape[-1]]), shift: a.tensor(of: [x.shape[-1]]), epsilon: a.double(0.01...0.1))
  },
  SweptCall("groupNormalized") { a in
    let groups = a.int(1...3)
    let channels = a.isHostile ? 2 : groups * 2
    let x = a.images(2...5, channels: channels)
    return x.groupNormalized(
      groups: groups, scale: a.tensor(of: [channels]), shift: a.tensor(of: [channels]), epsilon: a.double(0.01...0.1))
  },
  SweptCall("attention") { a in
    let (batch, shared, times, size) = (a.chance(0.1) ? 0 : 2, 2, 3, 4)
    let queries = a.tensor(of: [batch, shared * 2, times, size])
    let keys = a.tensor(of: [batch, shared, times, size])
    return attention(
      queries: queries, keys: keys, values: a.tensor(of: [batch, shared, times, 2]),
      lengths: a.flag() ? nil : a.indices([batch], below: times + 1), causal: a.flag(),
      scale: a.flag() ? nil : a.double(), mask: a.isHostile && a.flag() ? a.tensor() : nil,
      bias: a.flag() ? nil : a.isHostile ? a.tensor() : a.tensor(of: [times, times]),
      window: a.flag() ? nil : a.int(1...3), dropout: a.isHostile ? a.double() : 0)
  },
  SweptCall("crossEntropyLosses") { a in
    let logits = a.tensor(2...2)
    return crossEntropyLosses(logits: logits, labels: a.indices([logits.shape[0]], below: logits.shape[1]))
  },
  SweptCall("ctcLosses") { a in
    let logs = a.tensor(of: [4, 2, 3]).logSoftmax()
    return ctcLosses(
      logProbabilities: logs, targets: a.indices([2, 2], below: 3), inputLengths: a.indices([2], below: 5),
      targetLengths: a.indices([2], below: 3), blank: a.isHostile ? a.int() : 0)
  },
  SweptCall("recurred") { a in
    let cell = a.any(RecurrentCell.self)
    let (time, batch, size) = (3, 2, 2)
    let x = a.tensor(of: [time, batch, cell.gates * size])
    let (weights, bias) = (a.tensor(of: [size, cell.gates * size]), a.tensor(of: [cell.biases * size]))
    let lengths = a.indices([batch], below: time + 1)
    let initial = a.tensor(of: [batch, size])
    let all = x.recurred(
      cell, reversed: a.flag(), weights: weights, bias: bias, lengths: lengths, initial: initial,
      initialCell: cell == .lstm || a.isHostile ? a.tensor(of: [batch, size]) : nil)
    return [all.states] + [all.cells].compactMap { $0 }
  },
  SweptCall("checkpointed") { a in
    checkpointed([a.tensor(2...3), a.tensor(2...3)]) { [($0[0] * $0[1]).tanh(), $0[0].exp().sum(axes: [0])] }
  },
  SweptCall("customGradient") { a in
    .customGradient(of: a.tensor()) {
      $0.tanh()
    } gradient: { _, y, u in
      u * (1 - y.square())
    }
  },
  SweptCall("mapped") { a in
    let (x, y) = (a.tensor(1...3), a.tensor(1...3))
    return mapped(over: [x, y], axes: a.isHostile ? [a.int(), a.flag() ? nil : a.int()] : [a.int(-1...0), nil]) {
      [$0[0].softmax(), ($0[0].tanh() * $0[1]).sum(), $0[0].sorted()]
    }
  },
  SweptCall("products with Jacobians") { a in
    let (x, y) = (a.tensor(1...2), a.tensor(1...2))
    let outputs = [(x * y).tanh(), x.exp().sum()]
    return vectorJacobianProducts(
      of: outputs, along: a.isHostile ? a.tensors() : outputs, withRespectTo: [x, y]
    ).compactMap { $0 }
      + jacobianVectorProducts(of: outputs, along: a.isHostile ? a.tensors() : [x, y], withRespectTo: [x, y])
  },
  SweptCall("jacobians") { a in
    let x = a.tensor(0...2)
    let y = (x * x.sin()).sum(axes: x.shape.rank > 0 ? [0] : [])
    return [jacobian(of: y, withRespectTo: x), hessian(of: y.sum(), withRespectTo: x)]
  },
]

private let sweptLeaves: [SweptCall] = [
  SweptCall("full") { .full($0.shape(), $0.isHostile ? $0.double() : 1, dtype: $0.any(DType.self)) },
  SweptCall("eye") { .eye($0.int(0...4), $0.flag() ? nil : $0.int(0...4), dtype: $0.any(DType.self)) },
  SweptCall("arange") { a in
    [
      .arange(from: a.int(), to: a.int(), by: a.int(1...2), dtype: a.any(DType.self)),
      .arange(from: a.double(), to: a.double(2...5), by: a.double(0.5...1), dtype: a.any(DType.self)),
    ]
  },
  SweptCall("linspace") {
    .linspace(from: $0.double(), to: $0.double(), count: $0.int(0...5), dtype: $0.any(DType.self))
  },
  SweptCall("random numbers") { a in
    // Normal numbers have the precision of float32 in float64 too.
    let types: [DType] = a.isHostile ? DType.allCases : [.float32]
    return [.randomUniform(a.shape(), dtype: a.any(DType.self)), .randomNormal(a.shape(), dtype: a.one(of: types))]
  },
  SweptCall("Tensor of values") { a in
    let shape = a.shape()
    return [
      Tensor([1, 2, 3] as [Float], shape: shape.dimensions), Tensor([true], shape: shape.dimensions),
      Tensor([1, 2] as [Int64], shape: shape.dimensions),
    ]
  },
]
