import ArgumentParser
import Backprop

/// The command `backprop`; each subcommand has a file of its own.
struct BackpropCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backprop",
    abstract: "Trains neural networks and uses them.",
    version: backpropVersion,
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, PredictCommand.self, GenerateCommand.self, SummaryCommand.self,
      BenchCommand.self,
    ])
}

let backpropVersion = "0.1.0"

@main
enum Main {
  static func main() {
    WaitingThreads.settle()
    // Swift's own exit status for a wrong request is 64; the command promises 2.
    do {
      var command = try BackpropCommand.parseAsRoot(CommandArguments.all)
      try command.run()
    } catch {
      exit(after: error)
    }
  }

  private static func exit(after error: any Error) -> Never {
    switch error {
    case let error as RequestError:
      Console.fail(error.description, status: .wrongRequest)
    case let error as Interrupted:
      Console.log(error.description)
      Console.exit(.interrupted)
    case is TensorError, is TrainingError, is WorkError:
      Console.fail("\(error)", status: .failed)
    default:
      break
    }
    let code = BackpropCommand.exitCode(for: error)
    if code == .success {  // help and version come as errors
      Console.result(BackpropCommand.message(for: error))
      Console.exit(.done)
    }
    if code == .validationFailure {
      let message = BackpropCommand.message(for: error)
      Console.fail("\(message)\nSee 'backprop --help' and 'backprop help <subcommand>'.", status: .wrongRequest)
    }
    Console.fail("\(error)", status: .failed)
  }
}
