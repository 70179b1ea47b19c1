import ArgumentParser
import Backprop
import Files

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "Lists the runs in a folder by task and data, with their results, best first.",
    discussion: """
      backprop runs
      backprop runs experiments --json
      """)

  @Argument(help: ArgumentHelp("The folder with the folders of runs.", valueName: "folder"))
  var folder = "runs"

  @OptionGroup var common: CommonOptions

  mutating func validate() throws { try RequestError.validating { try requirePath(folder, "the folder") } }

  func run() throws {
    guard OpenFile.isFolder(folder) else {
      throw RequestError("there is no folder \(folder); name one that holds runs, or train one first")
    }
    let names: [String]
    do { names = try Folder.names(in: folder) } catch {
      throw RequestError("the folder \(folder) cannot be read: \(error)")
    }
    var runs: [ListedRun] = []
    for name in names.sorted() {
      let run = Run(path: folder == "." ? name : "\(folder)/\(name)")
      guard OpenFile.isFolder(run.path) else { continue }
      do {
        if let record = try run.readRecord() { runs.append(ListedRun(run, record)) }
      } catch {
        Console.log("warning: \(error)")
      }
    }
    runs.sort()
    guard !common.json else { return try Console.json(runs) }
    guard !runs.isEmpty else { return Console.resultSentence("there are no runs in \(folder)") }
    var rest = runs[...]
    while let group = rest.first?.group {
      let own = Array(rest.prefix { $0.group == group })
      rest = rest.dropFirst(own.count)
      Console.resultSentence(group.printable)
      ListedRun.lines(own).forEach(Console.result)
      if !rest.isEmpty { Console.result("") }
    }
  }
}
