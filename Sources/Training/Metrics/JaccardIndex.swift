/// Intersection over union: of the examples that are of a class or predicted as it, the share that is both, averaged over
/// classes; from 0 to 1.
///
/// For segmentation, an example is a pixel, and the macro average is the mean IoU. A class that was neither a label nor
/// a prediction does not count. Memory: four numbers a class.
///
/// Source: Jaccard, "The Distribution of the Flora in the Alpine Zone", New Phytologist 11 (1912).
public struct JaccardIndex: Metric, Hashable {
  public var name: String { "IoU" + average.suffix }
  public var direction: MetricDirection { .higherIsBetter }
  private let average: ClassAverage
  private var counts = ClassCounts()

  /// An index over no examples yet.
  public init(_ average: ClassAverage = .macro) { self.average = average }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) { counts.update(batch) }

  public var value: Double {
    get throws(TrainingError) { try counts.average(average, name, \.jaccardIndex) }
  }
}
