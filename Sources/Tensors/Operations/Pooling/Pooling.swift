import CKernels

extension WindowOperation {
  /// The type of pooled images. Padding as wide as the kernel would give windows entirely in the padding, whose maximum
  /// does not exist; a convolution gives 0 there.
  func pooledType(_ images: TensorType) throws(TensorError) -> TensorType {
    let (n, c, height, width) = try image(images)
    let out = try positions(height, width)
    let reach = Pair(
      window.dilation.height * (window.kernel.height - 1), window.dilation.width * (window.kernel.width - 1))
    guard [window.paddingBegin, window.paddingEnd].allSatisfy({ $0.height <= reach.height && $0.width <= reach.width })
    else {
      throw TensorError(
        "\(name): padding must be less than the kernel's reach of \(reach.height + 1)×\(reach.width + 1)")
    }
    return TensorType([n, c, out.height, out.width], images.dtype)
  }
}

extension Lowering {
  /// A pass over channels-last images. `isGradient`: its result are the images, and its last operand the windows.
  mutating func emitPooling(
    _ kind: PoolingKernel.Kind, _ instruction: IR.Instruction, _ window: Window, isGradient: Bool = false
  ) throws(TensorError) {
    var operands: [View] = []
    for input in instruction.inputs { operands.append(try channelsLastView(input)) }
    let result = channelsLast(instruction.firstOutput)
    let (images, windows) = isGradient ? (result, operands[operands.count - 1]) : (operands[0], result)
    let image = WindowedImage(image: images.shape, windows: windows.shape, window)
    steps.append(
      Step(kernel: PoolingKernel(kind: kind, image: image), inputs: operands.map(\.start), outputs: [result.start]))
  }
}

/// A pass over channels-last images: pooling or its gradient.
struct PoolingKernel: PlainKernel {
  enum Kind { case maximum, maximumGradient, average, averageGradient }

  let kind: Kind
  let image: WindowedImage

  var title: String {
    switch kind {
    case .maximum: "max-pool \(image.title)"
    case .maximumGradient: "max-pool gradient \(image.title)"
    case .average: "average-pool \(image.title)"
    case .averageGradient: "average-pool gradient \(image.title)"
    }
  }

  var cost: Cost {
    // The gradient of the maximum reads the images too.
    let readings = kind == .maximumGradient ? 2 : 1
    return Cost(
      flops: image.positions * image.window.kernel.height * image.window.kernel.width,
      elements: readings * image.pixels + image.positions)
  }

  func run(_ operands: KernelOperands) {
    withUnsafePointer(to: image.cValue) {
      switch kind {
      case .maximum: backprop_max_pool($0, operands[0], operands[1])
      case .maximumGradient: backprop_max_pool_gradient($0, operands[0], operands[1], operands[2])
      case .average: backprop_average_pool($0, operands[0], operands[1])
      case .averageGradient: backprop_average_pool_gradient($0, operands[0], operands[1])
      }
    }
  }
}
