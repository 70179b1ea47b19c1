/// The indices of pictures in two parts, each ascending: `aside` has the fraction, from 0 to 1, of each class, rounded to
/// the nearest integer.
///
/// Which these are follows from `seed` and from what is in each file: one file more or less moves at most the picture
/// at the border, a renamed one moves none, and equal pictures of a class stay together.
func stratifiedSplit(
  _ pictures: [(label: Int32, digest: ContentDigest)], fraction: Double, seed: UInt64
) -> (rest: [Int], aside: [Int]) {
  var isAside = [Bool](repeating: false, count: pictures.count)
  for members in Dictionary(grouping: pictures.indices, by: { pictures[$0].label }).values {
    let ranked: [(rank: UInt64, index: Int)] = members.map { index in
      var generator = SeededGenerator(seed: seed, stream: pictures[index].digest.value)
      return (generator.next(), index)
    }.sorted { $0 < $1 }
    var count = Int((Double(ranked.count) * fraction).rounded())
    while count > 0, count < ranked.count, ranked[count - 1].rank == ranked[count].rank { count -= 1 }
    for member in ranked.prefix(count) { isAside[member.index] = true }
  }
  return (pictures.indices.filter { !isAside[$0] }, pictures.indices.filter { isAside[$0] })
}
