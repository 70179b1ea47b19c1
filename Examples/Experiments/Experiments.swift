import Backprop
import Foundation
import Training

/// The experiments of `docs/algorithms.md`: `swift run -c release Experiments symmetry --seeds 30`.
///
/// Prints what came out, one line a finding, and ends with status 1 where it is not what the document says. With
/// `--images` and a folder, the pictures of the document are written there.
@main struct Experiments {
  static func main() {
    do {
      let request = try Request(Array(CommandLine.arguments.dropFirst()))
      Threads.count = 1
      var held = true
      for experiment in request.experiments {
        let report = try experiment.run(seeds: request.seeds)
        print("\(experiment.rawValue): \(report.lines.joined(separator: "\n  "))")
        if !report.holds { print("  not what docs/algorithms.md says") }
        held = held && report.holds
        if let folder = request.images {
          let url = URL(fileURLWithPath: folder, isDirectory: true).appendingPathComponent("\(experiment.rawValue).svg")
          try AtomicFile.replace(url, with: Data(DrawingFile(report.charts, columns: report.columns).svg.utf8))
        }
      }
      exit(held ? 0 : 1)
    } catch {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      exit(2)
    }
  }

  /// What the arguments ask for.
  private struct Request {
    var experiments = Experiment.allCases
    var seeds = 30
    var images: String?

    init(_ arguments: [String]) throws {
      var arguments = arguments[...]
      var named: [Experiment] = []
      while let argument = arguments.popFirst() {
        switch argument {
        case "--seeds":
          guard let count = arguments.popFirst().flatMap({ Int($0) }), 1...1000 ~= count else {
            throw Failure("--seeds must be a number from 1 to 1000")
          }
          seeds = count
        case "--images":
          guard let folder = arguments.popFirst() else { throw Failure("--images must be followed by a folder") }
          images = folder
        default:
          guard let experiment = Experiment(rawValue: argument) else {
            throw Failure(
              "there is no experiment '\(argument)'; there is "
                + Experiment.allCases.map(\.rawValue).joined(separator: ", "))
          }
          named.append(experiment)
        }
      }
      if !named.isEmpty { experiments = named }
    }
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}
