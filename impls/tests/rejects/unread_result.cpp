// A discarded result hides a message that was not sent.
#include <sluice/mpsc.hpp>

void send(sluice::mpsc::sender<int>& tx) { tx.send(1); }
