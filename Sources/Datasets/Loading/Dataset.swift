/// Examples that are found by their number.
///
/// An example is read when it is needed, by several threads at once, so a dataset may be larger than memory: in a file
/// (``RecordFile``), computed (``GeneratedDataset``) or behind anything else. ``ArrayDataset`` holds its examples.
public protocol Dataset<Example>: Sendable {
  /// What one example is, such as an image and its label.
  associatedtype Example: Sendable
  /// How many examples there are.
  var count: Int { get }
  /// The example at `index`, from 0. The same index gives the same example. Throws where there is no such example or it
  /// cannot be read.
  func example(at index: Int) throws -> Example
}

extension Dataset {
  /// The examples that `transform` makes of these, each when it is needed.
  public func mapped<Result: Sendable>(
    _ transform: @escaping @Sendable (Example) throws -> Result
  ) -> GeneratedDataset<Result> {
    GeneratedDataset(count: count) { try transform(example(at: $0)) }
  }

  /// The examples at `indices`, in that order. Throws a `DataError` where there is no such example.
  @_disfavoredOverload  // Where a dataset has its own, that is meant.
  public func subset(_ indices: [Int]) throws(DataError) -> GeneratedDataset<Example> {
    if let wrong = indices.first(where: { !(0..<count).contains($0) }) {
      throw DataError("there is no example \(wrong) among \(count)")
    }
    return GeneratedDataset(count: indices.count) { try example(at: indices[$0]) }
  }

  /// Splits off a validation set: `validationFraction` of the examples, from 0 to below 1, rounded to the nearest
  /// integer, in an order that `seed` determines on every platform. Both parts keep the order of the examples.
  ///
  /// Throws a `DataError` where the fraction is out of range, or there are more than 2³¹ − 1 examples.
  @_disfavoredOverload
  public func split(
    validationFraction: Double, seed: UInt64
  ) throws(DataError) -> (train: GeneratedDataset<Example>, validation: GeneratedDataset<Example>) {
    let (train, validation) = try splitIndices(count: count, validationFraction: validationFraction, seed: seed)
    return (try subset(train), try subset(validation))
  }

  /// Throws where there is no example at `index`.
  func check(_ index: Int) throws(DataError) {
    guard (0..<count).contains(index) else { throw DataError("there is no example \(index) among \(count)") }
  }
}

/// The indices below `count` in two parts, each ascending; the second has `validationFraction` of them, which `seed`
/// chooses. Throws a `DataError` where the fraction is not from 0 to below 1, or there are more than 2³¹ − 1 examples.
func splitIndices(
  count: Int, validationFraction: Double, seed: UInt64
) throws(DataError) -> (train: [Int], validation: [Int]) {
  guard validationFraction >= 0, validationFraction < 1 else {
    throw DataError("the validation fraction should be from 0 to below 1, not \(validationFraction)")
  }
  var generator = SeededGenerator(seed: seed)
  let order = try generator.order(of: count)
  let validationCount = Int((Double(order.count) * validationFraction).rounded())
  return (
    order.dropFirst(validationCount).map(Int.init).sorted(), order.prefix(validationCount).map(Int.init).sorted()
  )
}

/// Examples in an array.
public struct ArrayDataset<Example: Sendable>: Dataset {
  /// The examples.
  public let examples: [Example]

  /// A dataset of these examples.
  public init(_ examples: [Example]) { self.examples = examples }

  public var count: Int { examples.count }

  public func example(at index: Int) throws -> Example {
    try check(index)
    return examples[index]
  }
}

/// Examples that are computed when they are needed.
public struct GeneratedDataset<Example: Sendable>: Dataset {
  public let count: Int
  private let generate: @Sendable (Int) throws -> Example

  /// A dataset of `count` examples, none where that is negative. `generate` makes the one at an index; several threads
  /// call it at once, and it should give the same example each time.
  public init(count: Int, _ generate: @escaping @Sendable (_ index: Int) throws -> Example) {
    self.count = max(count, 0)
    self.generate = generate
  }

  public func example(at index: Int) throws -> Example {
    try check(index)
    return try generate(index)
  }
}
