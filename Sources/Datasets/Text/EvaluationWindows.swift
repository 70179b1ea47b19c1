/// The windows of a text, one after the other, in batches. Iterating again gives the same ones.
public struct EvaluationWindows: Sequence, Sendable {
  private let storage: TokenStorage
  private let context: Int
  private let batchSize: Int
  private let fullWindows: Int

  init(_ storage: TokenStorage, context: Int, batchSize: Int) {
    self.storage = storage
    self.context = context
    self.batchSize = batchSize
    targetCount = Swift.max(storage.count - 1, 0)
    fullWindows = targetCount / context
  }

  /// How many targets all batches have together: one less than the text has tokens.
  public let targetCount: Int

  /// How many batches there are.
  public var underestimatedCount: Int {
    let fullBatches = fullWindows == 0 ? 0 : (fullWindows - 1) / batchSize + 1
    return fullBatches + (targetCount % context == 0 ? 0 : 1)
  }

  /// Starts with the first batch.
  public func makeIterator() -> Iterator { Iterator(windows: self) }

  /// Makes batch after batch.
  public struct Iterator: IteratorProtocol {
    private let windows: EvaluationWindows
    private var window = 0

    init(windows: EvaluationWindows) { self.windows = windows }

    /// The next batch, or `nil` after the last.
    public mutating func next() -> TextBatch? {
      let (context, full) = (windows.context, windows.fullWindows)
      if window < full {
        let rows = window..<(window + Swift.min(windows.batchSize, full - window))
        window = rows.upperBound
        return TextBatch(windows.storage, starts: rows.map { $0 * context }, length: context)
      }
      let rest = windows.targetCount - full * context
      guard window == full, rest > 0 else { return nil }
      window += 1
      return TextBatch(windows.storage, starts: [full * context], length: rest)
    }
  }
}
