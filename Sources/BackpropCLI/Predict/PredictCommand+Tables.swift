import Backprop

extension PredictCommand {
  /// The run, where it is one of a table; `nil` for others.
  func tableRun() throws -> Run? {
    let run = try Run.open(folder)
    return try run.task == .table ? run : nil
  }

  func predictRows(_ run: Run) throws {
    guard files.count == 1, data == nil, !draw, index.isEmpty else {
      throw RequestError("\(folder) is a run of a table: name one CSV file, and no other data")
    }
    let report = try TablePredictionReport(run, files[0], isStrict: strict)
    common.json ? try Console.json(report.report) : try report.writeCSV()
  }
}
