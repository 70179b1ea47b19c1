import Files
import Foundation
import Models

/// Writes a CSV file with a row for each evaluation: step, epoch, training loss and accuracy, learning rate, seconds,
/// and the loss and metrics on the validation set.
///
/// The file is replaced as a whole each time, so there is always a complete one. A resumed training keeps the rows up to
/// its checkpoint.
public final class CSVLog: TrainingCallback {
  private let url: URL
  private var rows: [String] = []
  private var learningRate = 0.0
  /// The names of the metrics: those of the first evaluation.
  private var metrics: [String]?

  /// A log in the file at `url`.
  public init(_ url: URL) { self.url = url }

  private static let columns = ["step", "epoch", "loss", "accuracy", "learningRate", "seconds", "validationLoss"]

  public func trainingWillStart(_ training: RunningTraining) throws {
    guard training.step > 0, rows.isEmpty else { return }
    let contents: [UInt8]
    do { contents = try OpenFile(url.path).contents(limit: 1 << 30) } catch {
      if error.isMissing { return }
      throw TrainingError("\(url.path) \(error.reason); it holds the log of the training that is to continue")
    }
    let lines = String(decoding: contents, as: UTF8.self).split(separator: "\n")
    rows = lines.dropFirst().map(String.init)
    removeRows(after: training.step)
  }

  public func stepDidEnd(_ report: StepReport, of training: RunningTraining) { learningRate = report.learningRate }

  public func evaluationDidEnd(_ report: EvaluationReport, of training: RunningTraining) throws {
    let names = metrics ?? (report.evaluation?.metrics.keys.sorted() ?? [])
    metrics = names
    let fields: [Double?] =
      [report.loss, report.accuracy, learningRate, report.seconds, report.evaluation?.loss]
      + names.map { report.evaluation?.metrics[$0] }
    // A checkpoint may be of the step before its evaluation.
    removeRows(after: report.step - 1)
    rows.append(
      (["\(report.step)", "\(report.epoch)"] + fields.map { $0.map { "\($0)" } ?? "" }).joined(separator: ","))
    let header = (Self.columns + names.map(Self.quoted)).joined(separator: ",")
    try AtomicFile.replace(url, with: Data(([header] + rows).map { $0 + "\n" }.joined().utf8))
  }

  private func removeRows(after step: Int) {
    rows.removeAll { row in Int(row.prefix { $0 != "," }) ?? .max > step }
  }

  private static func quoted(_ name: String) -> String {
    guard name.contains(where: { ",\"\r\n".contains($0) }) else { return name }
    return "\"" + name.replacing("\"", with: "\"\"") + "\""
  }
}
