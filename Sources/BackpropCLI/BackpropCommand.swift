import ArgumentParser
import Backprop

/// The command `backprop`; each subcommand has a file of its own.
struct BackpropCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backprop",
    abstract: "Trains neural networks and uses them.",
    discussion: "'backprop help models' lists the defaults of trainings that depend on the model.",
    version: backpropVersion,
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, PredictCommand.self, GenerateCommand.self, ReportCommand.self,
      RunsCommand.self, SummaryCommand.self, DataCommand.self, CompareCommand.self, ExplainCommand.self,
      BenchCommand.self,
    ])
}

let backpropVersion = "0.1.0"

@main
enum Main {
  static func main() {
    Startup.prepare()
    do {
      if CommandArguments.all == ModelsHelp.arguments {
        ModelsHelp.lines.forEach(Console.result)
        Console.exit(.done)
      }
      _ = try Processes.join()
      var command = try BackpropCommand.parseAsRoot(CommandArguments.all)
      try command.run()
    } catch is Processes.Finished {
      Distributed.end()
      Console.exit(.done)
    } catch is Processes.PeerFailure {
      Distributed.end()
      Console.exit(.failed)
    } catch {
      switch Failure(error) {
      case .sentence(let sentence, let status): Console.fail(sentence, status: status)
      case .interrupted(let sentence):
        Console.log(sentence)
        Distributed.end()
        Console.exit(.interrupted)
      case .asked(let text): Console.result(text)
      }
    }
    Distributed.end()
    Console.exit(.done)
  }
}
