import ArgumentParser
import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Makes one page of a run, or of several side by side.",
    usage: "backprop report <run> ... [<options>]",
    discussion: """
      backprop report runs/fashion
      backprop report runs/adam runs/momentum --output compared.html
      """)

  @Argument(help: ArgumentHelp("The folders of runs.", valueName: "run"))
  var folders: [String]

  @Option(help: "The page's file (default: report.html in the folder of the run, or here for several).")
  var output: String?

  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      for folder in folders { try requirePath(folder, "the run") }
      try requirePath(output, "--output")
    }
  }

  func run() throws {
    try output.map(OutputPlace.file)
    try common.apply()
    let opened = folders.map { Run(path: $0) }
    var runs = try opened.map { try ReportedRun($0, examining: opened.count == 1) }
    // Folders of the same name in different places.
    if Set(runs.map(\.name)).count < runs.count { for index in runs.indices { runs[index].name = runs[index].path } }
    let own = opened.count == 1 ? opened.first?.file(ReportWriter.file).path : nil
    let path = output ?? own ?? ReportWriter.file
    if opened.count == 1, let note = runs.first?.note {
      // The page there may have what this one would lack.
      guard output != nil || !OpenFile.isThere(path) else {
        throw RequestError(
          "\(note); \(path) is left as it is, and --output FILE writes a page without them elsewhere")
      }
      Console.log("note: \(note)")
    }
    try RunReport.write(runs, to: URL(filePath: path))
    guard common.json else { return Console.resultSentence("the report is in \(path)") }
    try Console.json(Result(report: path, runs: folders))
  }

  private struct Result: Encodable {
    var report: String
    var runs: [String]
  }
}
