import Backprop
import Files

/// Writes what a network says of images.
struct PredictionReport {
  enum Form { case lines, drawings, json, csv }

  let form: Form
  /// How many labels each image has.
  let top: Int
  let classNames: [String]

  /// What the network says of one image, or why that cannot be read.
  struct Result {
    var name: String
    /// `[1, channels, height, width]`.
    var image: Tensor?
    /// Its label, where that is known.
    var truth: Int?
    var predictions: [Prediction]
    var error: String?
    /// Whether it was named, with its index where it has one, and not found in a folder.
    var isNamed = false

    var withoutImage: Result {
      var result = self
      result.image = nil
      return result
    }
  }

  /// Whether images are needed until the end.
  var isWrittenAtTheEnd: Bool { form == .drawings }

  func begin() {
    guard form == .csv else { return }
    let columns = (1...max(top, 1)).flatMap {
      $0 == 1 ? ["label", "probability"] : ["label \($0)", "probability \($0)"]
    }
    Console.result(Self.row(["file"] + columns + ["error"]))
  }

  /// Writes some results, in the forms that need no others.
  func write(_ results: [Result]) {
    for result in results {
      switch form {
      case .csv:
        let columns = (0..<max(top, 1)).flatMap { place in
          guard result.predictions.indices.contains(place) else { return ["", ""] }
          return [name(result.predictions[place].label), "\(result.predictions[place].probability)"]
        }
        Console.result(Self.row([FilePath.text(of: result.name)] + columns + [result.error ?? ""]))
      case .lines:
        let labels = result.predictions.map { "\(name($0.label).printable) \($0.probability.percent)" }
        // An error begins with the name.
        Console.resultSentence(result.error ?? "\(result.name.printable): \(labels.joined(separator: ", "))")
      case .drawings, .json: break
      }
    }
  }

  /// Writes the others, where all results are there.
  func end(_ results: [Result]) throws {
    switch form {
    case .json:
      try Console.json(
        results.map { result in
          PredictionEntry(
            file: result.name, truth: result.truth.map(name),
            predictions: result.predictions.map {
              PredictionEntry.Label(label: name($0.label), index: $0.label, probability: $0.probability)
            }, error: result.error)
        })
    case .drawings: try draw(results)
    case .lines, .csv: break
    }
  }

  private func draw(_ results: [Result]) throws {
    let drawings = try results.compactMap { result in
      try result.image.map { image in
        let pixels = Array(try image.values().prefix(image.shape[-1] * image.shape[-2]))
        let caption = result.predictions.prefix(1).map {
          "says \(name($0.label).printable), \($0.probability.percent)"
        }
        let truth = result.truth.map { ["it is \(name($0).printable)"] } ?? []
        return (ImageDrawing.lines(pixels, width: image.shape[-1]), caption + truth)
      }
    }
    ImageDrawing.gallery(drawings, columns: Terminal.columns(of: 1) ?? Terminal.defaultColumns).forEach(Console.result)
    for case let error? in results.map(\.error) { Console.resultSentence(error) }
  }

  private func name(_ label: Int) -> String { classNames.indices.contains(label) ? classNames[label] : "\(label)" }

  /// A line of comma-separated values (RFC 4180).
  private static func row(_ values: [String]) -> String {
    values.map { value in
      // By bytes, as a line's end of two bytes is one character.
      value.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
        ? "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\"" : value
    }.joined(separator: ",")
  }
}
