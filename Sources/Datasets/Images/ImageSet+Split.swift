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
    var members: [Int32: [Int]] = [:]
    for (index, label) in labels.enumerated() { members[label, default: []].append(index) }
    var generator = SeededGenerator(seed: seed)
    var isAside = [Bool](repeating: false, count: count)
    for (_, members) in members.sorted(by: { $0.key < $1.key }) {
      let asideCount = Int((Double(members.count) * validationFraction).rounded())
      for place in generator.permutation(of: members.count).prefix(asideCount) { isAside[members[Int(place)]] = true }
    }
    return (try subset(labels.indices.filter { !isAside[$0] }), try subset(labels.indices.filter { isAside[$0] }))
  }
}
