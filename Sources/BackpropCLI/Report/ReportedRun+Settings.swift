import Backprop

extension RunRecord {
  /// What a training records beside its flags: how the pictures of the network that it began with were prepared.
  private static let recorded: [NetworkTask: [String: String]] = [
    .image: ["width": "image width", "channels": "image channels", "fit": "image fit"]
  ]

  /// Flags as they are given, and the settings that are no flags by their names; in alphabetical order.
  var shownFlags: [(name: String, value: String)] {
    flags.all.sorted { $0.key < $1.key }.map { (Self.recorded[kind]?[$0.key] ?? "--\($0.key)", $0.value) }
  }
}

extension ReportedRun {
  /// What may differ from another run: flags, seed and parameters, and what the network takes in place of the flags that
  /// say so, since without such a flag it has the size of the data.
  var settings: [(name: String, value: String)] {
    guard let record else { return [] }
    var all = record.shownFlags
    if let input {
      let given = ["--size", "image width", "image channels", "image fit"]
      all.removeAll { given.contains($0.name) }
      all.append(("images", input))
    }
    all.append(("seed", "\(record.seed)"))
    all.append(("parameters", ShownNumber.grouped(record.parameters)))
    return all
  }
}

extension ModelDescription {
  /// The images that it takes, in words: `28 × 28, 1 channel`.
  var input: String {
    guard inputShape.rank == 3 else { return "\(inputShape)" }
    let fit = pictureFit == PictureFit.stretch.rawValue ? ", stretched" : ""
    return "\(inputShape[1]) × \(inputShape[2]), \("channel".counted(inputShape[0]))\(fit)"
  }
}
