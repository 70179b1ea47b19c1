import NeuralNetworks
import Tensors

/// Histograms of a model's weights, and of what its layers give for an example.
package struct LayerHistograms: Sendable {
  /// How many ranges a histogram has.
  static let ranges = 32
  /// Of more values than that, evenly spaced ones are counted.
  private static let sample = 1 << 14
  /// Of more layers than that, evenly spaced ones are shown.
  private static let layers = 48

  /// By parameter, in the model's order.
  package private(set) var weights: [(name: String, histogram: HistogramChart.Histogram)] = []
  /// By layer, in the order of execution; none without an example.
  package private(set) var activations: [(name: String, histogram: HistogramChart.Histogram)] = []

  /// Measures `model`, and its layers' outputs for `example`, a small batch as the model takes it. Costs a forward pass
  /// of that. Throws what the model throws where the example does not fit.
  package init(of model: any Layer, example: Tensor?) throws {
    for (name, parameter) in Self.some(of: model.parameters) {
      let values = try Self.sampled(parameter.tensor.cast(to: .float32).values())
      if let histogram = HistogramChart.Histogram(of: values, ranges: Self.ranges) { weights.append((name, histogram)) }
    }
    guard let example else { return }
    let outputs = inference { tracingOutputs { model(example) } }.outputs.filter {
      $0.output.failure == nil && $0.output.dtype.isFloatingPoint && !$0.layer.name.isEmpty
    }
    let shown = Self.some(of: outputs)
    let values = shown.map { $0.output.cast(to: .float32) }
    try evaluate(values)
    for (row, value) in zip(shown, values) {
      if let histogram = try HistogramChart.Histogram(of: Self.sampled(value.values()), ranges: Self.ranges) {
        activations.append((row.layer.name, histogram))
      }
    }
  }

  private static func sampled(_ values: [Float]) -> [Float] {
    let distance = (values.count - 1) / sample + 1
    return values.count <= sample ? values : stride(from: 0, to: values.count, by: distance).map { values[$0] }
  }

  private static func some<Element>(of all: [Element]) -> [Element] {
    guard all.count > layers else { return all }
    return (0..<layers).map { all[$0 * all.count / layers] }
  }
}

extension HistogramChart.Histogram {
  /// A histogram of so many ranges of equal width from the least to the greatest value; `nil` where none is finite.
  package init?(of values: [Float], ranges: Int) {
    var (low, high) = (Float.infinity, -Float.infinity)
    for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
    guard low <= high, ranges > 0 else { return nil }
    // Values that are all the same are in the middle of a range.
    if low == high { (low, high) = (low - max(low.magnitude, 1e-6) / 2, high + max(high.magnitude, 1e-6) / 2) }
    var counts = [Int](repeating: 0, count: ranges)
    // In float64, where no difference of two float32 numbers is infinite.
    let (start, width) = (Double(low), (Double(high) - Double(low)) / Double(ranges))
    for value in values where value.isFinite {
      counts[min(max(Int((Double(value) - start) / width), 0), ranges - 1)] += 1
    }
    self.init(low: Double(low), high: Double(high), counts: counts)
  }
}
