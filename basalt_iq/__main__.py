from basalt_iq.cli import main

if __name__ == "__main__":
    main()
