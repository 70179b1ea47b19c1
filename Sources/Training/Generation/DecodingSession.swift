import Models
import Tensors

/// A language model that reads tokens and predicts the next one, with a state of what it has read.
///
/// The state is stored in variables that are written in place. Tokens are read in runs of powers of two, and the
/// key–value caches grow by doubling, so that few compiled plans suffice for any text. When a model's context is full,
/// the later half of it is read again and reading continues.
final class DecodingSession {
  /// The compiled graphs that read a run of some length, all for the current capacity.
  private final class Run {
    let compiled: CompiledGraph
    /// The tokens, in memory that is overwritten for each run.
    var inputs: [Tensor]

    init(_ compiled: CompiledGraph, _ inputs: [Tensor]) { (self.compiled, self.inputs) = (compiled, inputs) }
  }

  private let model: any LanguageModel
  private let batch: Int
  private let context: Int?
  private var state: [Variable] = []
  /// The one of them with the number of positions read, if it can be rewound.
  private var positions: Variable?
  private var capacity: Int
  /// The tokens in the state, for models with a context; otherwise empty.
  private var held: [[Int32]] = []
  /// By the length of a run.
  private var runs: [Int: Run] = [:]
  /// The graph that reads `draftLength` tokens and returns the logits after each.
  private var checkingRun: Run?
  /// The logits after the last token, text after text.
  private(set) var logits: [Float] = []
  /// The logits after each token that was verified.
  private(set) var checkedLogits: [Float] = []
  /// How often draft tokens were verified.
  private(set) var checks = 0

  private var persistentCount: Int { held.first?.count ?? 0 }

  private static let smallestCapacity = 256
  private static let longestRun = 256
  /// How many tokens are verified at once. A product takes as long for four rows as for one.
  static let draftLength = 4

  /// A session for a batch of texts.
  init(_ model: any LanguageModel, batch: Int = 1) throws {
    self.model = model
    self.batch = batch
    context = model.context
    guard batch > 0, context ?? 1 > 0, model.vocabulary > 0 else {
      throw TrainingError(
        "a model must take at least 1 position and have at least 1 token, not \(context ?? 1) and \(model.vocabulary)")
    }
    capacity = min(Self.smallestCapacity, context ?? Self.smallestCapacity)
    try remember(model.initialState(batch: batch, capacity: capacity))
    holdNothing()
  }

  /// Reads tokens, at least one and equally many for each text; returns the logits after the last.
  func read(_ ids: [[Int32]]) throws -> [[Float]] {
    if let context {
      var rest = ids
      repeat {
        if persistentCount >= context { try forgetEarlierHalf(of: context) }
        let room = context - persistentCount
        try run(rest.map { Array($0.prefix(room)) })
        rest = rest.map { Array($0.dropFirst(room)) }
      } while !(rest.first ?? []).isEmpty
    } else {
      try run(ids)
    }
    let vocabulary = model.vocabulary
    return (0..<batch).map { Array(logits[($0 * vocabulary)..<(($0 + 1) * vocabulary)]) }
  }

  /// Reads the next token of each text; `logits` are then those after it. Allocates nothing, unless the cache has to
  /// grow or the context is full.
  func read(next ids: ArraySlice<Int32>) throws {
    if let context, persistentCount >= context { try forgetEarlierHalf(of: context) }
    try makeRoom(for: 1)
    try read(ids, length: 1)
    for row in held.indices { held[row].append(ids[ids.startIndex + row]) }
  }

  /// Whether tokens can be drafted and verified now, and whether that is worth it: where reading the weights takes most
  /// of a token's time.
  func canDraft() throws -> Bool {
    guard batch == 1, positions != nil, let context, persistentCount + Self.draftLength <= context else { return false }
    try makeRoom(for: Self.draftLength)
    return try preparedRun(of: 1).compiled.gainsByQuantizing
  }

  /// Reads a token with quantized weights, to be discarded; `logits` are then approximately those after it.
  func draft(_ ids: ArraySlice<Int32>) throws { try read(ids, length: 1, quantized: true) }

  func forgetDraft() throws { try positions?.set(Int32(clamping: persistentCount)) }

  /// Discards the drafts and reads `draftLength` tokens; sets `checkedLogits`.
  func check(_ ids: ArraySlice<Int32>) throws {
    try forgetDraft()
    let run = try checkingRun ?? compile(Self.draftLength, givingAll: true)
    checkingRun = run
    checks += 1
    try self.run(run, ids)[0].values(into: &checkedLogits)
  }

  /// Accepts the first `count` of the verified tokens and discards the others.
  func keep(_ count: Int, of ids: ArraySlice<Int32>) throws {
    held[0] += ids.prefix(count)
    try forgetDraft()
  }

  /// Reorders the batch: text i becomes a copy of text `rows[i]`.
  func reorder(_ rows: [Int32]) throws {
    let numbers = Tensor(rows, shape: [rows.count])
    var assignments: [(Variable, Tensor)] = []
    for variable in state where variable.shape.rank >= 2 && variable.shape[0] == batch {
      let width = variable.shape.elementCount / max(batch, 1)
      let moved = variable.tensor.reshaped(to: [batch, width]).rows(numbers).reshaped(to: variable.shape)
      assignments.append((variable, moved))
    }
    try evaluate([], assigning: assignments)
    if context != nil { held = rows.map { held[Int($0)] } }
  }

  /// Positions are counted from the window's start, so the retained tokens are read again. Half of the context is
  /// retained, so that this happens once in context / 2 tokens.
  private func forgetEarlierHalf(of context: Int) throws {
    let kept = held.map { Array($0.suffix(max(context / 2, 1))) }
    try evaluate([], assigning: Array(zip(state, model.initialState(batch: batch, capacity: capacity))))
    holdNothing()
    if context > 1 { try run(kept) }
  }

  private func holdNothing() {
    guard let context else { return }
    held = (0..<batch).map { _ in
      var row: [Int32] = []
      row.reserveCapacity(context)
      return row
    }
  }

  private func run(_ ids: [[Int32]]) throws {
    let count = ids.first?.count ?? 0
    var start = 0
    while start < count {
      var length = Self.longestRun
      while length > count - start { length /= 2 }
      try makeRoom(for: length)
      try read(ids.flatMap { $0[start..<(start + length)] }[...], length: length)
      for row in held.indices { held[row] += ids[row][start..<(start + length)] }
      start += length
    }
  }

  /// Reads `length` tokens of each text.
  private func read(_ ids: ArraySlice<Int32>, length: Int, quantized: Bool = false) throws {
    try run(preparedRun(of: length), ids, quantized: quantized)[0].values(into: &logits)
  }

  private func run(_ run: Run, _ ids: ArraySlice<Int32>, quantized: Bool = false) throws -> [Tensor] {
    try run.inputs[0].replaceValues(with: ids)
    return try run.compiled.run(run.inputs, quantized: quantized)
  }

  private func preparedRun(of length: Int) throws -> Run {
    if let run = runs[length] { return run }
    let run = try compile(length)
    runs[length] = run
    return run
  }

  private func compile(_ length: Int, givingAll: Bool = false) throws -> Run {
    let standIn = Tensor([Int32](repeating: 0, count: batch * length), shape: [batch, length])
    let (logits, after) = inference { model(standIn, state: state.map(\.tensor)) }
    let wanted =
      givingAll ? logits : logits.sliced(starts: [0, length - 1, 0], shape: [batch, 1, model.vocabulary])
    for output in [wanted] + after { if let failure = output.failure { throw failure } }
    let compiled = try CompiledGraph(computing: [wanted], assigning: Array(zip(state, after)), inputs: [standIn])
    return Run(compiled, [.standIn(like: standIn)])
  }

  private func makeRoom(for count: Int) throws {
    guard let context else { return }
    let needed = persistentCount + count
    guard needed > capacity else { return }
    while capacity < needed { capacity = min(capacity * 2, context) }
    try remember(try evaluated(model.grown(state.map(\.tensor), to: capacity)))
  }

  /// Stores these tensors as the state.
  private func remember(_ tensors: [Tensor]) throws {
    runs = [:]
    checkingRun = nil
    state = try tensors.enumerated().map { try Variable($1, name: "state.\($0)") }
    positions = model.positionCount.flatMap { state.indices.contains($0) ? state[$0] : nil }
    if let variable = positions, variable.dtype != .int32 || variable.shape.elementCount != 1 { positions = nil }
  }
}
