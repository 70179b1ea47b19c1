import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The drawing of `--find-rate`: the loss by the learning rate.
enum RatePlot {
  /// Its lines, of at most `columns` characters.
  static func lines(_ points: [LearningRateRangeTest.Point], columns: Int, colors: Bool) -> [String] {
    let (first, last) = (points.first?.rate ?? 0, points.last?.rate ?? 0)
    let greatest = greatest(of: points)
    let cut = points.contains { $0.loss > greatest } ? "; higher ones cut off" : ""
    let title = "loss by learning rate, from \(first.significant(3)) to \(last.significant(3))"
    let plot = BraillePlot(
      title: title.count + cut.count <= min(columns, 72) ? title + cut : title, width: min(columns, 72), height: 8,
      range: log(max(first, 1e-300))...log(max(last, first, 1e-300)),
      curves: [.init(points: points.map { (x: log($0.rate), y: min($0.loss, greatest)) }, color: 39)])
    return plot.lines(colors: colors)
  }

  /// Where the axis ends: as far above the losses on the way down as they fall. Where a training diverges, losses of
  /// thousands would make all others a line along the bottom.
  static func greatest(of points: [LearningRateRangeTest.Point]) -> Double {
    guard let end = points.indices.min(by: { points[$0].loss < points[$1].loss }) else { return .infinity }
    let way = points[...end].map(\.loss)
    let (low, high) = (way.min() ?? 0, way.max() ?? 0)
    // Where it only rises, from the first loss on.
    return high > low ? high + (high - low) : high + max(high.magnitude, 1e-9)
  }
}
