"""Other people's Yjs clients in our rooms, with no code of ours."""
