import Tensors

// The windows of a text for a step. Each is a function of its arguments alone, so a run resumes from the number of a
// step.

extension TokenSequence {
  /// Windows at random positions, for models that carry no state from batch to batch.
  ///
  /// Any position where a window and its last target fit is equally likely; which are drawn depends on `seed` and
  /// `step` alone. Takes time in proportion to the batch. Throws a `DataError` where `context`, `batchSize` or `step`
  /// is out of range or the text is too short.
  public func randomWindows(
    context: Int, batchSize: Int, seed: UInt64, step: Int, over processes: Distributed = .one
  ) throws(DataError) -> TextBatch {
    let places = try places(context: context, batchSize: batchSize, step: step)
    try checkSize(context: context, batchSize: batchSize)
    var generator = SeededGenerator(seed: seed, stream: UInt64(step))
    let starts = (0..<batchSize).map { _ in Int(generator.next().multipliedFullWidth(by: UInt64(places)).high) }
    return TextBatch(storage, starts: Array(starts[processes.part(of: batchSize)]), length: context)
  }

  /// Steps in which random windows have as many tokens as the text, at least one.
  public func randomStepsPerEpoch(context: Int, batchSize: Int) throws(DataError) -> Int {
    let places = try places(context: context, batchSize: batchSize)
    try checkSize(context: context, batchSize: batchSize)
    return max((places - 1 + context) / (context * batchSize), 1)
  }

  /// Windows that continue where those of the previous step ended, for models that carry their state.
  ///
  /// The text is cut into `batchSize` streams of equal length, a row each. `startsAnew` is true where the streams
  /// begin, at step 0 and after each epoch: the state must be zero then. Tokens that do not fill a window at a stream's
  /// end are left out. Throws a `DataError` where `context`, `batchSize` or `step` is out of range or the text is too
  /// short.
  public func streamWindows(
    context: Int, batchSize: Int, step: Int, over processes: Distributed = .one
  ) throws(DataError) -> (batch: TextBatch, startsAnew: Bool) {
    let stepsPerEpoch = try streamStepsPerEpoch(context: context, batchSize: batchSize)
    _ = try places(context: context, batchSize: batchSize, step: step)
    let window = step % stepsPerEpoch
    let streamLength = (count - 1) / batchSize
    let starts = processes.part(of: batchSize).map { $0 * streamLength + window * context }
    return (TextBatch(storage, starts: starts, length: context), window == 0)
  }

  /// Steps in which stream windows cover the text once.
  public func streamStepsPerEpoch(context: Int, batchSize: Int) throws(DataError) -> Int {
    _ = try places(context: context, batchSize: batchSize)
    let steps = (count - 1) / batchSize / context
    guard steps > 0 else {
      throw DataError(
        "\(name) has \(count) tokens and should have at least batch size · context + 1, with batch size \(batchSize) "
          + "and context \(context), for each stream to fill a window")
    }
    return steps
  }

  /// Consecutive windows over the whole text, each target once, always the same.
  ///
  /// Batches have `batchSize` windows of `context` tokens; the last batch has the rest of the full windows. Where
  /// the text does not end with a full window, a batch of one shorter window follows. Throws a `DataError` where
  /// `context` or `batchSize` is below 1 or the text has fewer than two tokens.
  public func evaluationWindows(context: Int, batchSize: Int) throws(DataError) -> EvaluationWindows {
    _ = try places(context: context, batchSize: batchSize, needed: 1)
    return EvaluationWindows(storage, context: context, batchSize: batchSize)
  }

  /// Throws where the windows of a step would not fit in memory.
  private func checkSize(context: Int, batchSize: Int) throws(DataError) {
    let tokens = context.times(batchSize)
    guard tokens <= Int(Int32.max) else {
      throw DataError(
        "batch size \(batchSize) and context \(context) are more than 2³¹ tokens a step; make one of them smaller")
    }
    do throws(TensorError) {
      try Memory.check(tokens * 16, for: "a step of \(batchSize) windows of \(context) tokens")
    } catch {
      throw DataError(error.message)
    }
  }

  /// The number of positions where a window of `context` tokens may begin. Throws where an argument is out of range.
  private func places(
    context: Int, batchSize: Int, step: Int = 0, needed: Int? = nil
  ) throws(DataError) -> Int {
    guard context >= 1 else { throw DataError("the context should be at least 1 token, not \(context)") }
    guard batchSize >= 1 else { throw DataError("the batch size should be at least 1, not \(batchSize)") }
    guard step >= 0 else { throw DataError("the step should be at least 0, not \(step)") }
    let needed = needed ?? context
    guard count > needed else {
      throw DataError(
        "\(name) has \(count) tokens and should have more than \(needed): a window and the token that follows it")
    }
    return count - needed
  }
}
