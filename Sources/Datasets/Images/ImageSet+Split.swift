extension ImageSet {
  /// Splits off a validation set, a share of each class; the same for the same `seed` on every platform.
  ///
  /// `validationFraction` is from 0 to below 1. Of each class, that fraction of its images, rounded to the nearest
  /// integer, goes to `validation`. Both parts keep the order of the set.
  ///
  /// Throws a `DataError` where the fraction is out of range.
  public func split(
    validationFraction: Double, seed: UInt64
  ) throws(DataError) -> (train: ImageSet, validation: ImageSet) {
    guard validationFraction >= 0, validationFraction < 1 else {
      throw DataError("the fraction of images to keep aside should be from 0 to below 1, not \(validationFraction)")
    }
    let (rest, aside) = stratifiedSplit(labels, fraction: validationFraction, seed: seed)
    return (try subset(rest), try subset(aside))
  }
}

/// The indices of `labels` in two parts, each ascending: `aside` has the fraction, from 0 to 1, of each class, rounded
/// to the nearest integer, which `seed` chooses.
func stratifiedSplit(_ labels: [Int32], fraction: Double, seed: UInt64) -> (rest: [Int], aside: [Int]) {
  var members: [Int32: [Int]] = [:]
  for (index, label) in labels.enumerated() { members[label, default: []].append(index) }
  var generator = SeededGenerator(seed: seed)
  var isAside = [Bool](repeating: false, count: labels.count)
  for (_, members) in members.sorted(by: { $0.key < $1.key }) {
    let asideCount = Int((Double(members.count) * fraction).rounded())
    for place in generator.permutation(of: members.count).prefix(asideCount) { isAside[members[Int(place)]] = true }
  }
  return (labels.indices.filter { !isAside[$0] }, labels.indices.filter { isAside[$0] })
}
