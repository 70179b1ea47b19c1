import Models
import Tensors

/// A language model that reads symbols and says what may come next, remembering what it has read.
///
/// Symbols are read in runs of powers of two, and the memory of self-attention grows by doubling, so that few plans serve
/// any text. Where a model's context is full, the later half of what it holds is read again and reading goes on.
struct DecodingSession {
  private let model: any LanguageModel
  private var state: [Tensor]
  private var capacity: Int
  /// What the state holds, for models with a context; else empty.
  private var held: [[Int32]]
  private let batch: Int

  private static let smallestCapacity = 64
  private static let longestRun = 256

  /// A session for `batch` texts side by side.
  init(_ model: any LanguageModel, batch: Int = 1) {
    self.model = model
    self.batch = batch
    held = Array(repeating: [], count: batch)
    capacity = min(Self.smallestCapacity, model.context ?? Self.smallestCapacity)
    state = model.initialState(batch: batch, capacity: capacity)
  }

  /// Reads symbols, as many for each text and at least one; gives the logits after the last.
  mutating func read(_ ids: [[Int32]]) throws -> [[Float]] {
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
  mutating func reorder(_ rows: [Int32]) throws {
    let numbers = Tensor(rows, shape: [rows.count])
    state = try evaluated(
      state.map { tensor in
        guard tensor.shape.rank >= 2, tensor.shape[0] == batch else { return tensor }
        let width = tensor.shape.elementCount / max(batch, 1)
        return tensor.reshaped(to: [batch, width]).rows(numbers).reshaped(to: tensor.shape)
      })
    held = rows.map { held[Int($0)] }
  }

  /// Positions are counted from the window's start, so what is kept is read anew. Half as many symbols to go on from, so
  /// that this happens once in context / 2 symbols.
  private mutating func forgetEarlierHalf(of context: Int) throws {
    let kept = held.map { Array($0.suffix(max(context / 2, 1))) }
    self = DecodingSession(model, batch: batch)
    if context > 1 { _ = try run(kept) }
  }

  private mutating func run(_ ids: [[Int32]]) throws -> [[Float]] {
    let count = ids.first?.count ?? 0
    var logits: [[Float]] = []
    var start = 0
    while start < count {
      var length = Self.longestRun
      while length > count - start { length /= 2 }
      try makeRoom(for: length)
      let part = ids.flatMap { $0[start..<(start + length)] }
      let (all, after) = model(Tensor(part, shape: [batch, length]), state: state)
      let vocabulary = model.vocabulary
      let last = all.sliced(starts: [0, length - 1, 0], shape: [batch, 1, vocabulary])
      let values = try evaluated([last] + after)
      state = Array(values.dropFirst())
      start += length
      if model.context != nil { for row in held.indices { held[row] += ids[row][(start - length)..<start] } }
      if start == count {
        let flat = try values[0].values()
        logits = (0..<batch).map { Array(flat[($0 * vocabulary)..<(($0 + 1) * vocabulary)]) }
      }
    }
    return logits
  }

  private mutating func makeRoom(for count: Int) throws {
    guard let context = model.context else { return }
    let needed = (held.first?.count ?? 0) + count
    guard needed > capacity else { return }
    while capacity < needed { capacity = min(capacity * 2, context) }
    state = try evaluated(model.grown(state, to: capacity))
  }
}
