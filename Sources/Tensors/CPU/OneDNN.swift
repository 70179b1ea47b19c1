import CKernels
import OneDNNShim

/// Which library does the large operations.
public enum Engine {
  /// Whether the package was built with oneDNN and the system lets it generate machine code; otherwise this package's
  /// own kernels are used.
  public static let hasOneDNN: Bool = {
    guard backprop_dnn_available() != 0 else { return false }
    backprop_dnn_use_pool(backprop_team, backprop_threads)
    return true
  }()

  /// Whether the processor has AMX for large products. `BACKPROP_AMX=0` in the environment turns it off.
  public static var hasAMX: Bool { backprop_has_amx() != 0 }
  /// A line to print: which library computes, with how many threads.
  public static var description: String {
    let threads = "\(Threads.count) thread\(Threads.count == 1 ? "" : "s")"
    let units = hasAMX ? "AMX, " : ""
    guard hasOneDNN else { return "\(units)without oneDNN: own kernels, slower; \(threads)" }
    return "\(units)oneDNN \(String(cString: backprop_dnn_version())), \(threads)"
  }
}
/// While this object lives, oneDNN generates its code for matrix products on another thread, if not done yet. `deinit`
/// waits for that thread.
final class ProductCode {
  private let making = Threads.count > 1 ? backprop_dnn_begin_products() : nil
  deinit { backprop_dnn_end_products(making) }
}

/// A convolution of oneDNN, or a gradient of one, created once and run many times.
final class OneDNNConvolution {
  private let operation: OpaquePointer
  /// Workspace, aligned to 64 bytes.
  let scratchBytes: Int

  init(_ convolution: ConvolutionShape) throws(TensorError) {
    var operation: OpaquePointer?
    let (window, groups) = (convolution.window, Int64(convolution.groups))
    var source = convolution.source.cValue
    var (weights, destination) = (convolution.weights.cValue, convolution.destination.cValue)
    var geometry = backprop_dnn_convolution_geometry(
      stride: window.stride.cValue, padding_begin: window.paddingBegin.cValue,
      padding_end: window.paddingEnd(convolution.source.shape, convolution.destination.shape).cValue,
      dilation: window.dilation.cValue, groups: groups)
    let status = backprop_dnn_convolution(
      convolution.direction.code, &source, &weights, &destination, &geometry, &operation)
    guard status == 0, let operation else {
      throw TensorError(
        "oneDNN refused a \(ConvolutionKernel(shape: convolution, method: .oneDNN).title), groups \(groups): "
          + String(cString: backprop_dnn_message()))
    }
    self.operation = operation
    scratchBytes = Int(backprop_dnn_scratch_bytes(operation))
  }

  deinit { backprop_dnn_release(operation) }

  /// What runs it. This object must live as long.
  var loaded: some LoadedKernel { LoadedConvolution(operation: operation) }

  private struct LoadedConvolution: LoadedKernel {
    let operation: OpaquePointer

    func run(_ operands: KernelOperands) throws(TensorError) {
      guard backprop_dnn_execute(operation, operands.start, operands.scratch) == 0 else {
        throw TensorError("oneDNN failed: \(String(cString: backprop_dnn_message()))")
      }
    }
  }
}

extension ConvolutionShape.Direction {
  fileprivate var code: backprop_dnn_direction {
    switch self {
    case .forward: BACKPROP_DNN_FORWARD
    case .backwardData: BACKPROP_DNN_BACKWARD_DATA
    case .backwardWeights: BACKPROP_DNN_BACKWARD_WEIGHTS
    }
  }
}

extension Layout {
  fileprivate var cValue: backprop_dnn_tensor {
    let (s, t) = (shape.map { Int64($0) }, strides.map { Int64($0) })
    return backprop_dnn_tensor(shape: (s[0], s[1], s[2], s[3]), strides: (t[0], t[1], t[2], t[3]))
  }
}

extension Pair {
  var cValue: (Int64, Int64) { (Int64(height), Int64(width)) }
}
extension Window {
  /// The padding at the end that is really used: where the stride does not divide the remaining length, the last window
  /// stops short, and oneDNN needs the exact padding. Negative where rows of the image are left over.
  fileprivate func paddingEnd(_ source: Shape, _ destination: Shape) -> Pair {
    (Pair(destination[2], destination[3]) - 1) * stride + reach - Pair(source[2], source[3]) - paddingBegin
  }
}
