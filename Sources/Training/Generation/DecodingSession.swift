import Models
import Tensors

/// A language model that reads symbols and says what may come next, remembering what it has read.
///
/// What it remembers lies in variables that are written in place. Symbols are read in runs of powers of two, and the
/// memory of self-attention grows by doubling, so that few compiled plans serve any text. Where a model's context is full,
/// the later half of what it holds is read again and reading goes on.
final class DecodingSession {
  /// A part of the model's state.
  private enum Memory {
    case variable(Variable)
    /// A count, such as that of positions: an input and a result of each plan.
    case count(Tensor)

    var tensor: Tensor {
      switch self {
      case .variable(let variable): variable.tensor
      case .count(let tensor): tensor
      }
    }
  }

  private let model: any LanguageModel
  private let batch: Int
  private var state: [Memory] = []
  private var capacity: Int
  /// What the state holds, for models with a context; else empty.
  private var held: [[Int32]]
  /// By the length of a run; all for the present capacity.
  private var replays: [Int: Replay] = [:]

  private static let smallestCapacity = 64
  private static let longestRun = 256

  /// A session for `batch` texts side by side.
  init(_ model: any LanguageModel, batch: Int = 1) throws {
    self.model = model
    self.batch = batch
    held = Array(repeating: [], count: batch)
    capacity = min(Self.smallestCapacity, model.context ?? Self.smallestCapacity)
    try remember(model.initialState(batch: batch, capacity: capacity))
  }

  /// Reads symbols, as many for each text and at least one; gives the logits after the last.
  func read(_ ids: [[Int32]]) throws -> [[Float]] {
    guard let context = model.context else { return try run(ids) }
    var logits: [[Float]] = []
    var rest = ids
    repeat {
      if (held.first?.count ?? 0) >= context { try forgetEarlierHalf(of: context) }
      let room = context - (held.first?.count ?? 0)
      logits = try run(rest.map { Array($0.prefix(room)) })
      rest = rest.map { Array($0.dropFirst(room)) }
    } while !(rest.first ?? []).isEmpty
    return logits
  }

  /// Makes the texts go on from others of them: text i becomes what text `rows[i]` is.
  func reorder(_ rows: [Int32]) throws {
    let numbers = Tensor(rows, shape: [rows.count])
    var assignments: [(Variable, Tensor)] = []
    for case .variable(let variable) in state where variable.shape.rank >= 2 && variable.shape[0] == batch {
      let width = variable.shape.elementCount / max(batch, 1)
      let moved = variable.tensor.reshaped(to: [batch, width]).rows(numbers).reshaped(to: variable.shape)
      assignments.append((variable, moved))
    }
    try evaluate([], assigning: assignments)
    held = rows.map { held[Int($0)] }
  }

  /// Positions are counted from the window's start, so what is kept is read anew. Half as many symbols to go on from, so
  /// that this happens once in context / 2 symbols.
  private func forgetEarlierHalf(of context: Int) throws {
    let kept = held.map { Array($0.suffix(max(context / 2, 1))) }
    for (index, start) in model.initialState(batch: batch, capacity: capacity).enumerated() {
      switch state[index] {
      case .variable(let variable): try evaluate([], assigning: [(variable, start)])
      case .count: state[index] = .count(start)
      }
    }
    held = Array(repeating: [], count: batch)
    if context > 1 { _ = try run(kept) }
  }

  private func run(_ ids: [[Int32]]) throws -> [[Float]] {
    let count = ids.first?.count ?? 0
    let vocabulary = model.vocabulary
    var logits: [[Float]] = []
    var start = 0
    while start < count {
      var length = Self.longestRun
      while length > count - start { length /= 2 }
      try makeRoom(for: length)
      let part = ids.flatMap { $0[start..<(start + length)] }
      let values = try readRun(Tensor(part, shape: [batch, length]))
      start += length
      if model.context != nil { for row in held.indices { held[row] += ids[row][(start - length)..<start] } }
      if start == count {
        let flat = try values.values()
        logits = (0..<batch).map { Array(flat[($0 * vocabulary)..<(($0 + 1) * vocabulary)]) }
      }
    }
    return logits
  }

  /// Reads ids [batch, length] and gives the logits after the last of each.
  private func readRun(_ ids: Tensor) throws -> Tensor {
    let replay = try replays[ids.shape[1]] ?? compile(like: ids)
    replays[ids.shape[1]] = replay
    let counts = state.indices.filter { if case .count = state[$0] { true } else { false } }
    let results = try replay.run([ids] + counts.map { state[$0].tensor })
    for (index, result) in zip(counts, results.dropFirst()) { state[index] = .count(result) }
    return results[0]
  }

  private func compile(like ids: Tensor) throws -> Replay {
    let length = ids.shape[1]
    let standIn = Tensor.standIn(like: ids)
    var inputs = [standIn]
    let before = state.map { part in
      guard case .count(let tensor) = part else { return part.tensor }
      inputs.append(.standIn(like: tensor))
      return inputs[inputs.count - 1]
    }
    let (logits, after) = inference { model(standIn, state: before) }
    var outputs = [logits.sliced(starts: [0, length - 1, 0], shape: [batch, 1, model.vocabulary])]
    var assignments: [(Variable, Tensor)] = []
    for (part, value) in zip(state, after) {
      switch part {
      case .variable(let variable): assignments.append((variable, value))
      case .count: outputs.append(value)
      }
    }
    for output in outputs { if let failure = output.failure { throw failure } }
    return try Replay(computing: outputs, assigning: assignments, inputs: inputs)
  }

  private func makeRoom(for count: Int) throws {
    guard let context = model.context else { return }
    let needed = (held.first?.count ?? 0) + count
    guard needed > capacity else { return }
    while capacity < needed { capacity = min(capacity * 2, context) }
    try remember(try evaluated(model.grown(state.map(\.tensor), to: capacity)))
  }

  /// Keeps these tensors as the state.
  private func remember(_ tensors: [Tensor]) throws {
    replays = [:]
    state = try tensors.enumerated().map { index, tensor in
      guard tensor.dtype == .float32 else { return .count(try evaluated([tensor])[0]) }
      return .variable(try Variable(try tensor.values(), shape: tensor.shape, name: "state.\(index)"))
    }
  }
}
