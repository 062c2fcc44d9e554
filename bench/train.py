"""What `mtt run pipelines/mnist.mtt` does, as one writes it in PyTorch: reads MNIST's files, trains with Adam, tests.

train.py FOLDER EPOCHS THREADS
"""
import sys

import torch
from mnist import load

F = torch.nn.functional
BATCH = 256


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.ModuleList(torch.nn.Conv2d(i, o, 3, stride=2) for i, o in ((1, 8), (8, 16), (16, 32)))
        self.dense = torch.nn.ModuleList((torch.nn.Linear(512, 32), torch.nn.Linear(32, 10)))

    def forward(self, x):
        for conv, pad in zip(self.conv, ((0, 1, 0, 1), (0, 1, 0, 1), (1, 1, 1, 1))):
            x = F.leaky_relu(conv(F.pad(x, pad)), 0.2)
        x = F.leaky_relu(F.dropout(self.dense[0](x.flatten(1)), 0.5, self.training), 0.2)
        return F.dropout(self.dense[1](x), 0.5, self.training)


def main(folder, epochs, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    images, labels = load(folder, "train")
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for epoch in range(epochs):
        losses, right = 0.0, 0
        for at in torch.randperm(len(images)).split(BATCH):
            x, y = images[at], labels[at]
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            losses += loss.item()
            # The accuracy of training, as mtt counts it: after the step, without dropout.
            net.eval()
            with torch.no_grad():
                right += (net(x).argmax(1) == y).sum().item()
            net.train()
        print(f"epoch {epoch + 1}: loss {losses * BATCH / len(images):.3f}, accuracy {right / len(images):.3f}")
    net.eval()
    images, labels = load(folder, "t10k")
    with torch.no_grad():
        right = sum((net(x).argmax(1) == y).sum().item() for x, y in zip(images.split(1024), labels.split(1024)))
    print(f"accuracy on test: {right / len(labels):.4f}")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
